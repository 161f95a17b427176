"""Sample replies from the command line: put in once, and changed while a server runs and while none does."""

import json
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

from tests.server.processes import PATIENCE_S, RunningServer, command, environment, running

YES = "I'll be there :)"


def run(data_dir: Path, *arguments: str) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of a command."""
    ended = subprocess.run(
        command(data_dir, *arguments), env=environment({}), capture_output=True, text=True, timeout=PATIENCE_S
    )
    return ended.returncode, ended.stdout.strip(), ended.stderr.strip()


def post(server: RunningServer, path: str, body: object) -> Any:
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(server.url + path, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def served(server: RunningServer, token: str) -> list[tuple[str, str]]:
    headers = {"Authorization": f"Bearer {token}"}
    request = urllib.request.Request(server.url + "events/sample_rsvp_replies", headers=headers)
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
        return [(each["type"], each["text"]) for each in json.load(answer)]


def test_sample_replies_are_seeded_once_and_changed_while_the_server_runs_and_while_it_does_not(tmp_path: Path) -> None:
    data_dir = tmp_path / "var"
    assert run(data_dir, "remove-sample-reply", YES, "--new") == (0, f"{YES} is removed", "")
    settings = {"PARLEY_AUTH__DEBUG_PIN": "1111"}
    with running(data_dir, settings=settings) as server:
        post(server, "auth", {"phone_number": "+4930123456"})
        token = post(server, "auth/verify_pin", {"phone_number": "+4930123456", "pin": "1111"})["auth_token"]
        first = served(server, token)
        assert len(first) == 15
        assert YES not in [text for _, text in first], "what is removed stays removed"
        assert run(data_dir, "add-sample-reply", f" {YES} ", "--type", "reject") == (0, f"reject: {YES} is added", "")
        assert served(server, token) == sorted([*first, ("reject", YES)])
        taken = run(data_dir, "add-sample-reply", YES, "--type", "accept")
        assert taken == (1, "", "parley: There is a sample reply of this text already.")
        listed = run(data_dir, "list-sample-replies")[1].splitlines()
        assert listed == [f"{kind}: {text}" for kind, text in served(server, token)]
        assert server.stop() == 0
