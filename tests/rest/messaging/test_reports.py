"""Reports of people and groups: the operator reads them with what the reporter saw, and nobody else learns of them."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from models.documents.report import COPY_MAX_CHARS
from models.stores.reports import Reports
from server.cli.reports import run_command
from server.embedded import EmbeddedStores
from server.startup_error import StartupError
from tests.support.message_fixture import Talk, open_talk
from tests.support.node import Person

PER_DAY = 4


@pytest.fixture(scope="module")
async def talk(stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Talk]:
    limits = {"enabled": True, "requests_burst": 10_000, "messages_burst": 10_000, "reports_per_day": PER_DAY}
    async with open_talk(stores, tmp_path_factory.mktemp("reports"), limits=limits) as talk:
        yield talk


async def report(talk: Talk, reporter: Person, about: Person | str, **said: Any) -> tuple[int, Any]:
    path = f"/api/groups/{about}/report/" if isinstance(about, str) else f"/api/contacts/{about.number}/report/"
    return await talk.node.rest("POST", path, reporter, json=said)


async def test_a_person_is_reported_with_what_one_was_shown_of_them(talk: Talk) -> None:
    ann, tom = await talk.people()
    phone = await talk.device(tom)
    long = await talk.send(tom, ann, "buy " * 1000)
    sent = await talk.send(tom, ann, "\x1b[2Jbuy now")
    assert await report(talk, ann, tom, reason="Spam", message_ids=[sent["id"], long["id"]]) == (200, {})
    (kept,) = [one for one in await Reports(talk.database).list_newest(100) if one.reporter == ann.number]
    assert (kept.contact, kept.account_id, kept.reason) == (tom.number, tom.account_id, "Spam")
    assert [(each.seq, each.sender) for each in kept.messages] == [(long["seq"], tom.number), (sent["seq"], tom.number)]
    assert len(kept.messages[0].words) == COPY_MAX_CHARS
    assert "buy now" in kept.messages[1].words
    await phone.client.disconnect()
    assert {event for _, event, _ in phone.heard} <= {"ready", "chat_changed", "message_created"}, "Tom learns nothing"


async def test_the_operator_reads_reports_at_the_command_line_and_removes_them(
    talk: Talk, stores: EmbeddedStores
) -> None:
    ann, tom = await talk.people()
    sent = await talk.send(tom, ann, "\x1b[2Jbuy\nnow")
    assert (await report(talk, ann, tom, reason="Spam\n\x07!", message_ids=[sent["id"]]))[0] == 200
    here = talk.node.settings
    settings = here.model_copy(update={"mongodb": here.mongodb.model_copy(update={"url": stores.mongodb_url})})
    listed = await asyncio.to_thread(run_command, settings, "list-reports", "1")
    head, message = listed.splitlines()
    assert head.endswith(f"+{ann.number} reports +{tom.number}: Spam !")
    assert message.startswith("    ")
    assert message.endswith("buy now")
    assert "\x1b" not in listed
    number = head.split()[0]
    assert await asyncio.to_thread(run_command, settings, "remove-report", number) == f"report {number} is removed"
    with pytest.raises(StartupError, match="no such report"):
        await asyncio.to_thread(run_command, settings, "remove-report", number)


async def test_a_number_without_an_account_is_reported_alike(talk: Talk) -> None:
    ann = await talk.stranger()
    assert await talk.node.rest("POST", "/api/contacts/4930999991/report/", ann, json={}) == (200, {})


async def test_a_group_is_reported_by_those_who_were_in_it(talk: Talk) -> None:
    ann, tom, eve = await talk.people(3)
    group = await talk.group(tom, ann)
    sent = await talk.send(tom, group, "come here")
    assert (await talk.node.rest("DELETE", f"/api/groups/{group}/participants/{ann.number}/", ann))[0] in (200, 404)
    assert await report(talk, ann, group, message_ids=[sent["id"]]) == (200, {})
    status, refused = await report(talk, eve, group)
    assert (status, refused["code"]) == (404, "chat_not_found")
    (kept,) = [one for one in await Reports(talk.database).list_newest(100) if one.group == group]
    assert (kept.subject, kept.reporter, kept.messages[0].words) == ("Chess", ann.number, "come here")


async def test_only_messages_that_one_was_shown_and_of_whom_one_reports_are_taken(talk: Talk) -> None:
    ann, tom, eve = await talk.people(3)
    own = await talk.send(ann, tom)
    others = await talk.send(tom, eve)
    for message_ids, status, code in [
        ([own["id"]], 404, "message_not_found"),
        ([others["id"]], 404, "message_not_found"),
        (["0" * 22], 404, "message_not_found"),
        (["F" * 22], 400, "malformed"),
        (["x"], 400, "malformed"),
        ([own["id"]] * 21, 400, "malformed"),
        ("7", 400, "malformed"),
    ]:
        found, refused = await report(talk, ann, tom, message_ids=message_ids)
        assert (found, refused["code"]) == (status, code), message_ids
    assert (await report(talk, ann, tom, reason="x" * 1001))[1]["code"] == "too_long"
    assert [one for one in await Reports(talk.database).list_newest(100) if one.reporter == ann.number] == []


async def test_reports_of_an_account_are_limited_in_a_day(talk: Talk) -> None:
    ann, tom = await talk.people()
    answers = [await report(talk, ann, tom) for _ in range(PER_DAY + 1)]
    assert [status for status, _ in answers] == [200] * PER_DAY + [429]
    assert answers[-1][1]["code"] == "rate_limited"


async def test_an_account_that_is_removed_takes_what_reports_say_of_it_along(talk: Talk) -> None:
    ann, tom, eve = await talk.people(3)
    sent = await talk.send(tom, ann, "hello")
    await report(talk, ann, tom, message_ids=[sent["id"]])
    await report(talk, tom, eve, reason="by Tom")
    assert (await talk.node.rest("POST", "/api/account/remove-account/", tom, json={}))[0] == 200
    kept = await Reports(talk.database).list_newest(1000)
    assert [one for one in kept if one.contact == tom.number] == []
    (by_tom,) = [one for one in kept if one.reason == "by Tom"]
    assert (by_tom.reporter, by_tom.reporter_id, by_tom.contact) == (None, None, eve.number)
