"""Fuzz a whole server by its own reference: `python -m tests.support.schemathesis_run [--examples 30] [what schemathesis takes]`.

Starts run.py on loopback with a throw-away directory, signs somebody in who has contacts, a group, a photo and a message, and
lets schemathesis (installed beside the suite: `pip install schemathesis`) ask everything that /openapi.json has: first with the
ids of what there is, then with whatever it thinks of, then what ends the session that asks. The refusals of too many requests
are off. Ends with 0 when nothing was wrong: no 5xx, no undocumented status, header, media type or field, no method too many, no
door without its token.
"""

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from tests.rest.events.graph import running_graph
from tests.server.processes import ROOT, running
from tests.support.node import Node, Person, settings_for
from tests.support.pictures import plain

# Left out: negative_data_rejection, since a form has no types and unknown fields are let be (messaging contract 1.1).
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "allow_header_conformance",
    "ignored_auth",
)
# These end the session or the account that asks; each is fuzzed by itself, with a token of its own.
ENDING = ("/auth/logout", "/auth/sessions/{session_id}", "/api/account/remove-account/")
# These take away what there is; they wait for the second round.
TAKING = (
    "contact_delete",
    "contact_remove_several",
    "contact_replace_all",
    "people_block",
    "people_replace_blocked",
    "group_leave_group",
    "group_remove_participant",
    "group_demote_participant",
)
SEED = 20160902


@dataclass(frozen=True)
class Furnished:
    """A server with somebody on it who has something to see, and one person for each way to end a session."""

    token: str
    known: Mapping[str, str]  # by parameter: what there is
    leaving: Sequence[str]


async def furnish(url: str, folder: Path) -> Furnished:
    async with aiohttp.ClientSession() as http:
        node = Node(url, settings_for(folder), http, None)  # type: ignore[arg-type] # a process has no runner here
        # The first is the number of the reference's examples, which is therefore a contact of its own.
        ann, bob, cy = [await node.sign_in(f"493090182{n}") for n in range(3)]
        await node.befriend(ann, bob, cy)
        await _ask(node, ann, "contacts/add-contact/", 201, json={"contact_id": ann.number})
        people = {"subject": "Chess", "participants": [bob.number, cy.number]}
        group = await _ask(node, ann, "groups/create-group/", 201, json=people)
        await _ask(node, bob, "messages/send-message/", 200, json={"contact": ann.number, "message": "hello"})
        form = aiohttp.FormData({"contact": bob.number})
        form.add_field("filename", plain(), filename="photo.png", content_type="image/png")
        sent = await _ask(node, ann, "messages/send-image/", 200, data=form)
        plan = {"title": "Dinner", "event_date": "2031-05-02T20:30:00Z", "invite_phone_numbers": [f"+{bob.number}"]}
        event = await _ask(node, ann, "events", 201, json=plan)
        leaving = [await node.sign_in(f"493090183{n}") for n in range(len(ENDING))]
        known = {
            "contact_id": bob.number,
            "contact": bob.number,
            "group_id": group["groupid"],
            "group": group["groupid"],
            "target": bob.number,
            "name": sent["url"].rpartition("/")[2],
            "event_id": str(event["id"]),
            "invitation_id": str(event["invitations"][0]["id"]),
            "user_id": str(ann.account_id),
        }
        return Furnished(ann.token, known, [person.token for person in leaving])


async def _ask(node: Node, person: Person, path: str, expected: int, **body: Any) -> Any:
    status, shown = await node.rest("POST", "/api/" + path, person, **body)
    assert status == expected, shown
    return shown


def fuzz(url: str, token: str, options: Sequence[str], known: Mapping[str, str] | None = None) -> int:
    program = shutil.which("schemathesis", path=str(Path(sys.executable).parent)) or shutil.which("schemathesis")
    if program is None:
        sys.exit("schemathesis is not installed: pip install schemathesis")
    hooks = {"SCHEMATHESIS_HOOKS": "tests.support.schemathesis_hooks", "SCHEMATHESIS_KNOWN": json.dumps(known)}
    command = [program, "run", f"{url}/openapi.json", "-H", f"Authorization: Bearer {token}", *options]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **(hooks if known is not None else {})}
    with tempfile.TemporaryDirectory() as folder:  # what one run remembers must not steer the next
        return subprocess.run(command, check=False, env=environment, cwd=folder).returncode


@contextmanager
def graph_aside() -> Iterator[str]:
    """The address of Facebook's Graph API as the tests have it, answered by a thread of its own."""
    loop, stop = asyncio.new_event_loop(), asyncio.Event()
    addresses: list[str] = []
    is_up = threading.Event()

    async def live() -> None:
        async with running_graph() as graph:
            addresses.append(graph.url)
            is_up.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(live(),))
    thread.start()
    is_up.wait()
    try:
        yield addresses[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser("tests.support.schemathesis_run", description=__doc__)
    parser.add_argument("--examples", default="30", help="test cases per operation")
    arguments, rest = parser.parse_known_args(argv)
    options = [
        f"--checks={','.join(CHECKS)}",
        f"--max-examples={arguments.examples}",
        f"--seed={SEED}",
        "--continue-on-failure",
        "--generation-database=none",
        "--suppress-health-check=too_slow",  # that would be about the machine
        "--request-timeout=30",
        *rest,
    ]
    with tempfile.TemporaryDirectory() as directory, graph_aside() as graph_url:
        folder = Path(directory) / "data"
        settings = {
            "PARLEY_SMS__PROVIDER": "outbox",
            "PARLEY_LIMITS__ENABLED": "false",
            "PARLEY_FACEBOOK__GRAPH_URL": graph_url.rstrip("/"),
        }
        with running(folder, settings=settings) as server:
            url = server.url.rstrip("/")
            found = asyncio.run(furnish(url, folder))
            staying = [f"--exclude-path={path}" for path in ENDING]
            keeping = [f"--exclude-operation-id={name}" for name in TAKING]
            ends = [
                fuzz(url, found.token, [*staying, *keeping, *options], found.known),
                fuzz(url, found.token, [*staying, *options]),
            ]
            for path, token in zip(ENDING, found.leaving, strict=True):
                ends.append(fuzz(url, token, [f"--include-path={path}", *options]))
            return max(ends)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
