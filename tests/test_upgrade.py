"""What an earlier version has stored goes on working: everybody finds everything as it was."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from models.stores.chats import CHAT_INDEXES
from models.stores.database import Database
from models.stores.members import MEMBER_INDEXES
from server.config import Settings
from server.embedded import EmbeddedStores
from tests.support.node import Node, running_node
from tests.support.stores import pool
from tests.upgrade.questions import ask_everything, ask_for_lists, ask_on_sockets, files_in, read_sizes
from tests.upgrade.site import OldSite, read_site, settings_of

CLIENT_ID = "RoVMZF1EIpC2vcfGC864gr4NZsv0mJlyPlE3gtQY"
MUTE = {("ann", 15, "not_a_contact"), ("bob", 4, "contact_blocked")}  # a removed account; one whom bob blocks


@pytest.fixture(scope="module")
def site() -> OldSite:
    return read_site()


@pytest.fixture
async def node(database: Database, stores: EmbeddedStores, site: OldSite, tmp_path: Path) -> AsyncIterator[Node]:
    await site.restore(database)
    async with running_node(stores, settings_of(database, tmp_path)) as node:
        yield node


@pytest.fixture(scope="module")
async def settled(
    stores: EmbeddedStores, site: OldSite, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Node]:
    """A node for all tests that change nothing which another one of them looks at."""
    database = pool.at(pool.take())
    await site.restore(database)
    async with running_node(stores, settings_of(database, tmp_path_factory.mktemp("settled"))) as node:
        yield node


# How the earlier version wrote times, and how they are written now: with microseconds always or never, and events with an offset.
WRITTEN_NOW = (
    (r'("(?:event_date|suggested_date)": "[^".]{19})Z', r"\1.000000Z"),
    (r'("event_date": "[^"]+")', r'\1, "utc_offset": "+00:00"'),
    (r'("venue_name": "[^"]*")', r'\1, "description": ""'),
    (r'("updated": "[^".]{19})\.[0-9]+Z', r"\1"),
)


LIMITS = {
    "text_max_chars": 16384,
    "image_max_bytes": 5242880,
    "audio_max_bytes": 10485760,
    "video_max_bytes": 73400320,
    "document_max_bytes": 104857600,
}


def expected_answers(site: OldSite) -> dict[str, Any]:
    """The answers of the earlier version; some are others now, on purpose, and lists say whether there is more."""
    written = json.dumps(site.kept["answers"])
    for before, now in WRITTEN_NOW:
        written = re.sub(before, now, written)
    answers = dict(json.loads(written))
    for name, answer in answers.items():
        if name.endswith(" ready"):
            answer["limits"] = LIMITS
        if " /api/message" in name and answer[0] == 200:
            answer[1]["more"] = "next" in answer[1]
    for answer in answers.values():
        for chat in answer["chats"] if isinstance(answer, dict) and "chats" in answer else ():
            if chat.get("kind") == "group":  # it says so, too, where it has none
                chat |= {"photo_url": None, "preview_photo_url": None} | chat
    for state in answers["eva sync from the first"]["chats"]:
        if state.get("group") == site.kept["groups"][0]:
            state["status"] = "reset"  # whoever came behind its cursor holds nothing that can be gone on with
    return answers


NEW_FIELDS = {
    "edit_seq",
    *("expires_after_s", "pinners", "settings", "mentioned", "hidden_count", "cleared"),
    "read_receipts",
}


def differing(expected: dict[str, Any], found: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    expected, found = without_new_fields(expected), without_new_fields(found)
    pairs = {name: (without_order(name, expected), without_order(name, found)) for name in expected | found}
    return {name: (before, now) for name, (before, now) in pairs.items() if before != now}


def without_new_fields(answers: dict[str, Any]) -> dict[str, Any]:
    """The answers without what earlier versions did not say: of edited messages, of chats and of privacy."""
    text = json.dumps(answers)
    kept = json.loads(text, object_hook=lambda one: {name: one[name] for name in one if name not in NEW_FIELDS})
    return dict(kept)


def without_order(name: str, answers: dict[str, Any]) -> Any:
    """An answer, and of `sync` the chats by their ids: in which order they are told is nobody's promise."""
    answer = answers.get(name)
    if " sync" not in name or not isinstance(answer, dict) or "chats" not in answer:
        return answer
    return {**answer, "chats": sorted(answer["chats"], key=lambda state: state["chat"])}


async def test_everybody_is_answered_as_before(node: Node, site: OldSite) -> None:
    expected = expected_answers(site)
    found = await ask_everything(node, site.people, site.kept["groups"])
    assert differing(expected, found) == {}
    again = await ask_for_lists(
        node, site.people
    )  # the first answer gives old chats their places, this one goes by them
    assert differing({name: expected[name] for name in again}, again) == {}


async def test_a_number_that_was_stored_by_another_spelling_is_the_same_person(
    database: Database, stores: EmbeddedStores, site: OldSite, tmp_path: Path
) -> None:
    """Once, `+49 (0)30 901824` and `+4930901824` were two, and what was no ASCII digit was no number."""
    ann, bob, eva = (site.people[name].number for name in ("ann", "bob", "eva"))
    arabic = ann.translate({ord("0") + digit: 0x660 + digit for digit in range(10)})
    await site.restore(database, {eva: f"490{eva[2:]}", ann: arabic, bob: f"00{bob}"})
    one, other = (settings_of(database, tmp_path / name) for name in ("one", "other"))
    async with asyncio.TaskGroup() as starts:
        nodes = [starts.create_task(start_and_ask(stores, each, site)) for each in (one, other)]
    assert differing(nodes[0].result(), nodes[1].result()) == {}
    async with running_node(stores, settings_of(database, tmp_path)) as node:
        found = await ask_everything(node, site.people, site.kept["groups"])
        assert differing(expected_answers(site), found) == {}
        assert (await node.sign_in_by_code(eva)).account_id == site.people["eva"].account_id


async def swept(node: Node, site: OldSite) -> None:
    """Wait until the file is gone that nothing points to."""
    async with asyncio.timeout(30):
        while (await read_sizes(node, {site.kept["deleted"]}))[site.kept["deleted"]]:  # noqa: ASYNC110 (it tells nobody)
            await asyncio.sleep(0.1)


async def test_files_stay_and_only_those_of_deleted_messages_go(settled: Node, site: OldSite) -> None:
    await swept(settled, site)
    expected = site.kept["files"] | {site.kept["deleted"]: 0}
    assert differing(expected, await read_sizes(settled, set(expected))) == {}


async def test_a_file_stays_that_a_message_points_to_by_a_whole_address(
    database: Database, stores: EmbeddedStores, site: OldSite, tmp_path: Path
) -> None:
    """It was forwarded so, and the message that brought it is gone."""
    await site.restore(database)
    entries = database.collection("entries")
    forwarded = await entries.find_one({"url": {"$regex": "^http"}})
    assert forwarded is not None
    (path,) = files_in(forwarded["url"])
    gone = await entries.update_many({"url": path}, {"$set": {"deleted": True}, "$unset": {"url": ""}})
    assert gone.modified_count == 1
    async with running_node(stores, settings_of(database, tmp_path)) as node:
        await swept(node, site)
        assert (await read_sizes(node, {path}))[path] > 0


async def test_who_was_signed_out_or_removed_stays_so(settled: Node, site: OldSite) -> None:
    for name in ("zoe", "dave"):
        status, refusal = await settled.rest("GET", "/api/message/chats/", site.everybody[name])
        assert (status, refusal["code"]) == (401, "session_revoked")


async def test_what_was_sent_before_is_stored_once_when_it_is_sent_again(settled: Node, site: OldSite) -> None:
    ann, bob = site.people["ann"], site.people["bob"]
    device = await settled.connect(ann, "/chat")
    again = await device.ask("message_send", {"contact": bob.number, "client_id": "keep-me", "text": "hello bob"})
    assert (again["ok"], again["message"]["seq"]) == (True, 1)


async def test_chats_go_on_where_they_were(node: Node, site: OldSite) -> None:
    """In each chat in which somebody may write, what they write gets the next number, and moves it up."""
    for name, person in site.people.items():
        device = await node.connect(person, "/chat")
        for chat in (await device.ask("chats", {}))["chats"]:
            said = {"chat": chat["chat"], "client_id": f"on-{name}-{chat['chat']}", "text": "on we go"}
            answer = await device.ask("message_send", said)
            if answer["ok"]:
                assert answer["message"]["seq"] == chat["last_seq"] + 1
                first = (await device.ask("chats", {"limit": 1}))["chats"][0]
                assert (first["chat"], first["last"]["text"]) == (chat["chat"], "on we go")
            else:
                assert (name, chat["chat"], answer["error"]["code"]) in MUTE


async def test_people_sign_in_leave_and_come_back(settled: Node, site: OldSite) -> None:
    ann, bob = site.people["ann"], site.people["bob"]
    assert (await settled.sign_in_by_code(ann.number)).account_id == ann.account_id
    group = site.kept["groups"][0]
    for act, body, by in (
        ("remove-participant", {"contact": bob.number}, ann),
        ("add-participant", {"contact": bob.number}, ann),
        ("leave", {}, bob),
    ):
        status, answer = await settled.rest("POST", f"/api/groups/{group}/{act}/", by, json=body)
        assert status == 200, answer


async def test_a_login_and_its_tokens_stay(settled: Node, site: OldSite) -> None:
    login = site.kept["login"]
    headers = {"Authorization": f"Bearer {login['access_token']}"}
    async with settled.http.get(f"{settled.url}/api/account/nickname/?account=493012345", headers=headers) as answer:
        assert answer.status == 200
    again = {"grant_type": "refresh_token", "refresh_token": login["refresh_token"], "client_id": CLIENT_ID}
    signed = {"grant_type": "password", "username": "ann", "password": "a good password", "client_id": CLIENT_ID}
    for form in (again, signed):
        async with settled.http.post(f"{settled.url}/o/token/", data=form) as answer:
            assert answer.status == 200, await answer.text()


async def test_a_code_from_before_is_refused_clearly_and_the_next_one_is_good(settled: Node, site: OldSite) -> None:
    """It was kept without its purpose, so the other API would have to take it, too."""
    code = site.kept["code"]
    proof = {"phone_number": code["number"], "pin": code["pin"]}
    async with settled.http.post(f"{settled.url}/auth/verify_pin", json=proof) as answer:
        assert answer.status == 400
        assert "non_field_errors" in await answer.json()
    assert (await settled.sign_in_by_code(code["number"].removeprefix("+"))).token


async def test_a_start_that_died_half_way_is_made_good_by_the_next(
    database: Database, stores: EmbeddedStores, site: OldSite, tmp_path: Path
) -> None:
    """Some of the new indexes are there beside the old ones; two nodes start at once."""
    await site.restore(database)
    members, chats = database.collection("members"), database.collection("chats")
    await chats.create_indexes(CHAT_INDEXES)
    await members.create_indexes(MEMBER_INDEXES[:2])
    one, other = (settings_of(database, tmp_path / name) for name in ("one", "other"))
    async with asyncio.TaskGroup() as starts:
        nodes = [starts.create_task(start_and_ask(stores, each, site)) for each in (one, other)]
    for node in nodes:
        found = node.result()
        assert (
            differing({name: answer for name, answer in expected_answers(site).items() if name in found}, found) == {}
        )
    assert "account" not in await members.index_information()


async def start_and_ask(stores: EmbeddedStores, settings: Settings, site: OldSite) -> dict[str, Any]:
    settings.data_dir.mkdir()
    async with running_node(stores, settings) as node:
        return await ask_on_sockets(node, site.people)


async def test_changes_that_a_crash_left_are_applied(
    database: Database, stores: EmbeddedStores, site: OldSite, tmp_path: Path
) -> None:
    """The server before was killed between the rows of three changes and the rows that they change."""
    await site.restore(database)
    entries, members = database.collection("entries"), database.collection("members")
    kinds = ["edit", "deletion", "left"]
    await entries.update_many({"kind": {"$in": kinds}}, {"$set": {"pending": True}})
    edited = await entries.find_one({"chat": 1, "kind": "edit"})
    assert edited is not None
    unedited = {"$set": {"text": "hello ann"}, "$unset": {"edit_seq": "", "edited_at": "", "first": ""}}
    await entries.update_one({"chat": 1, "_id": (1 << 32) + edited["of"]}, unedited)
    async with running_node(stores, settings_of(database, tmp_path)) as node:
        async with asyncio.timeout(60):
            while await entries.find_one({"kind": {"$in": kinds}, "pending": True}):  # noqa: ASYNC110 (healing tells nobody)
                await asyncio.sleep(0.1)
        found = await ask_on_sockets(node, site.people)
    expected = {name: answer for name, answer in expected_answers(site).items() if name in found}
    assert differing(expected, found) == {}
    assert await members.find_one({"active": True, "spans": []}) is None


async def test_an_invited_number_that_nobody_had_proved_keeps_its_invitation(settled: Node, site: OldSite) -> None:
    guest = await settled.sign_in_by_code("493055500")
    status, event = await settled.rest("GET", f"/events/{site.kept['event']}", guest)
    assert (status, event["title"]) == (200, "Old dinner")


async def test_the_number_of_a_removed_account_begins_anew(settled: Node, site: OldSite) -> None:
    gone = site.everybody["zoe"]
    fresh = await settled.sign_in_by_code(gone.number)
    assert fresh.account_id != gone.account_id
    assert await settled.rest("GET", "/api/message/chats/", fresh) == (200, {"chats": [], "more": False})
