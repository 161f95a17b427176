"""Fuzz a whole server by its own reference: `python -m tests.schemathesis_run [--examples 30] [what schemathesis takes]`.

Starts run.py on loopback with a throw-away directory, signs somebody in who has a contact, a group and a message, and lets
schemathesis (installed beside the suite: `pip install schemathesis`) ask everything that /openapi.json has. The server's refusals
of too many requests are off. Ends with 0 when nothing was wrong: no 5xx, no undocumented status, header, media type or field, no
method too many, no door without its token, nothing refused that is documented as good.
"""

import argparse
import asyncio
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import aiohttp

from tests.node import Node, Person, settings_for
from tests.server.processes import running

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
ENDING = ("/auth/logout", "/auth/register", "/auth/sessions/{session_id}", "/api/account/remove-account/")
SEED = 20160902


async def furnish(url: str, folder: Path) -> list[str]:
    """Tokens: one of somebody who has something to see, and one for each way to end a session."""
    async with aiohttp.ClientSession() as http:
        settings = settings_for(folder, sms={"provider": "outbox"})
        node = Node(url, settings, http, None)  # type: ignore[arg-type] # it is a process, and has no runner here
        ann, bob = await node.sign_in("4930901820"), await node.sign_in("4930901821")
        await node.befriend(ann, bob)
        await _ask(node, ann, "/api/groups/create-group/", {"subject": "Chess", "participants": [bob.number]}, 201)
        await _ask(node, bob, "/api/messages/send-message/", {"contact": ann.number, "message": "hello"}, 200)
        leaving = [await node.sign_in(f"493090183{n}") for n in range(len(ENDING))]
        return [ann.token, *(person.token for person in leaving)]


async def _ask(node: Node, person: Person, path: str, body: dict[str, object], expected: int) -> None:
    status, shown = await node.rest("POST", path, person, json=body)
    assert status == expected, shown


def fuzz(url: str, token: str, *options: str) -> int:
    program = shutil.which("schemathesis", path=str(Path(sys.executable).parent)) or shutil.which("schemathesis")
    if program is None:
        sys.exit("schemathesis is not installed: pip install schemathesis")
    return subprocess.run(
        [program, "run", f"{url}/openapi.json", "-H", f"Authorization: Bearer {token}", *options], check=False
    ).returncode


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser("tests.schemathesis_run", description=__doc__)
    parser.add_argument("--examples", default="30", help="test cases per operation")
    arguments, rest = parser.parse_known_args(argv)
    options = [
        f"--checks={','.join(CHECKS)}",
        f"--max-examples={arguments.examples}",
        f"--seed={SEED}",
        "--continue-on-failure",
        "--generation-database=none",
        "--request-timeout=30",
        *rest,
    ]
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory) / "data"
        settings = {"PARLEY_SMS__PROVIDER": "outbox", "PARLEY_LIMITS__ENABLED": "false"}
        with running(folder, settings=settings) as server:
            url = server.url.rstrip("/")
            token, *others = asyncio.run(furnish(url, folder))
            endings = [option for path in ENDING for option in ("--exclude-path", path)]
            ends = [fuzz(url, token, *endings, *options)]
            for path, other in zip(ENDING, others, strict=True):
                ends.append(fuzz(url, other, "--include-path", path, *options))
            return max(ends)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
