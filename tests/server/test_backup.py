"""Back-up and restore as the README has it: the data directory of a stopped server, copied, is the whole server."""

import json
import shutil
import urllib.request
from pathlib import Path
from typing import Any

from tests.server.processes import RunningServer, running

ANN, TOM = "+4930901820", "+4930901821"
OUTBOX = {"PARLEY_SMS__PROVIDER": "outbox"}


def ask(server: RunningServer, path: str, body: object = None, token: str = "") -> Any:
    """The answer to a GET, or to a POST of a body."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(server.url + path, data, headers), timeout=30) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def sign_in(server: RunningServer, number: str) -> str:
    ask(server, "auth", {"phone_number": number})
    sent = [json.loads(line) for line in (server.data_dir / "outbox.jsonl").read_text().splitlines()]
    code = next(one["code"] for one in reversed(sent) if one["to"] == number)
    token: str = ask(server, "auth/verify_pin", {"phone_number": number, "pin": code})["auth_token"]
    return token


def test_a_copied_data_directory_has_messages_and_sessions(tmp_path: Path) -> None:
    original, copy = tmp_path / "original", tmp_path / "elsewhere" / "copy"
    with running(original, settings=OUTBOX) as server:
        token = sign_in(server, ANN)
        sign_in(server, TOM)
        ask(server, "api/contacts/import-contacts/", {"contacts": [{"contact_id": TOM[1:]}]}, token)
        ask(server, "api/messages/send-message/", {"contact": TOM[1:], "message": "keep this"}, token)
        assert server.stop() == 0
    copy.parent.mkdir()
    shutil.copytree(original, copy)
    shutil.rmtree(original)
    with running(copy, settings=OUTBOX) as server:
        chats = ask(server, "api/messages/chats/", token=token)
        assert "keep this" in json.dumps(chats)
        assert server.stop() == 0
