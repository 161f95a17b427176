"""What a server is asked before and after an upgrade: everything that its people would look at first."""

import asyncio
import json
import re
from collections.abc import Mapping
from typing import Any

from tests.support.node import Node, Person

# Of each person, by REST.
PATHS = (
    "/api/message/chats/",
    "/api/groups/info-all/",
    "/api/contacts/",
    "/api/contacts/blocked-list/",
    "/api/contacts/statuses-messages/",
    "/api/contacts/photos-urls/",
    "/api/contacts/preview-photos-urls/",
    "/api/account/privacy-settings/",
    "/api/account/nickname/",
    "/api/account/status-message/",
    "/events",
    "/events/timeline?type=sent",
    "/events/timeline?type=received",
    "/events/stats",
    "/users",
    "/users/who_has_invited_me",
    "/users/favorite_contacts",
)
# Of each person about each contact, and about each group.
OF_CONTACTS = (
    "/api/messages/chats/{}/",
    "/api/messages/delivered/{}/",
    "/api/messages/read/{}/",
    "/api/contacts/{}/",
    "/api/contacts/{}/status-message-history/",
    "/api/contacts/{}/photo-history-urls/",
    "/api/contacts/{}/preview-photo-history-urls/",
)
OF_GROUPS = ("/api/messages/chats/{}/", "/api/groups/{}/info/", "/api/groups/{}/photo-url/")
SERVERS = re.compile(r"http://127\.0\.0\.1:[0-9]+")
NEW_FIELDS = ("owner", "name", "notice")  # of a chat: earlier versions had none of them
CHATS_MAX = 20  # more than there are, and so the ids that nobody has are refused the same way, too


async def ask_everything(node: Node, people: Mapping[str, Person], groups: list[str]) -> dict[str, Any]:
    """Returns the answers by question, as JSON reads them, without the addresses at which the server is reached."""
    answers: dict[str, Any] = {}

    async def ask(name: str, person: Person) -> None:
        numbers = [other.number for other in people.values() if other is not person]
        paths = [f"/users/{other.account_id}" for other in people.values()]
        paths += [path.format(number) for path in OF_CONTACTS for number in numbers]
        paths += [path.format(group) for path in OF_GROUPS for group in groups]
        paths += [f"/events/{event}" for event in range(1, 6)]
        for path in paths:
            answers[f"{name} {path}"] = await node.rest("GET", path, person)

    async with asyncio.TaskGroup() as asking:
        for name, person in people.items():
            asking.create_task(ask(name, person))
    return _plain(answers) | await ask_for_lists(node, people)


async def ask_for_lists(node: Node, people: Mapping[str, Person]) -> dict[str, Any]:
    """Returns, of those answers, what each person has: all lists by REST, and what a client asks that comes back."""
    answers: dict[str, Any] = {}

    async def ask(name: str, person: Person) -> None:
        for path in PATHS:
            answers[f"{name} {path}"] = await node.rest("GET", path, person)

    async with asyncio.TaskGroup() as asking:
        for name, person in people.items():
            asking.create_task(ask(name, person))
    return _plain(answers) | await ask_on_sockets(node, people)


async def ask_on_sockets(node: Node, people: Mapping[str, Person]) -> dict[str, Any]:
    """Returns what a client asks that comes back: its chats, without NEW_FIELDS, and what is in them."""
    answers: dict[str, Any] = {}

    async def ask(name: str, person: Person) -> None:
        device = await node.connect(person, "/chat")
        answers[f"{name} ready"] = (await device.expect("ready"))[0]
        answers[f"{name} chats"] = await device.ask("chats", {})
        answers[f"{name} sync"] = await device.ask("sync", {})
        ids = range(1, CHATS_MAX)
        answers[f"{name} sync from the first"] = await device.ask("sync", {"cursors": {str(each): 1 for each in ids}})
        for chat in ids:
            answers[f"{name} history {chat}"] = await device.ask("history", {"chat": chat})

    async with asyncio.TaskGroup() as asking:
        for name, person in people.items():
            asking.create_task(ask(name, person))
    for answer in answers.values():
        for chat_shown in answer.get("chats", ()):
            for field in NEW_FIELDS:
                chat_shown.pop(field, None)
    return _plain(answers)


def _plain(answers: dict[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(SERVERS.sub("", json.dumps(answers)))
    return plain


def files_in(answer: object) -> set[str]:
    """Returns the paths of all stored files that an answer names."""
    if isinstance(answer, Mapping):
        return {path for value in answer.values() for path in files_in(value)}
    if isinstance(answer, list | tuple):
        return {path for value in answer for path in files_in(value)}
    if isinstance(answer, str) and "/media/" in answer:
        return {answer[answer.index("/media/") :]}
    return set()


async def read_sizes(node: Node, paths: set[str]) -> dict[str, int]:
    """Returns the size of each stored file; 0 where it is not there."""
    sizes = {}
    for path in sorted(paths):
        async with node.http.get(node.url + path) as answer:
            sizes[path] = len(await answer.read()) if answer.status == 200 else 0
    return sizes
