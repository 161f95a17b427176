"""Participants added, removed, promoted, demoted and leaving, route by route (docs/messaging-api.md, "Groups")."""

from typing import Any

import pytest

from models.documents.entry import Joined, Kind, Left
from tests.support.group_fixture import MEMBERS_MAX, Town

NO_CHAT = {"error": "There is no such chat.", "code": "chat_not_found"}
NO_ADMIN = {"error": "Only an admin of the group may do this.", "code": "not_an_admin"}
NO_PARTICIPANT = {"error": "This number is not in the group.", "code": "participant_not_found"}
VERBS = pytest.mark.parametrize("verb", ["add", "remove", "promote", "demote"])


async def kinds(town: Town, group: str) -> list[Kind]:
    """The log, whose seqs are 1..N or the test fails."""
    log = await town.fixture.log(group)
    assert [entry.seq for entry in log] == list(range(1, len(log) + 1))
    return [entry.kind for entry in log]


async def standing(town: Town, group: str) -> tuple[list[str], list[str]]:
    info = await town.node.info(town.ann, group)
    return info["participants"], info["admins"]


class TestWhatAllFourShare:
    @pytest.mark.parametrize("is_json", [True, False])
    @pytest.mark.parametrize("slash", ["/", ""])
    async def test_form_and_json_and_both_spellings_of_the_path_will_do(
        self, town: Town, is_json: bool, slash: str
    ) -> None:
        group = await town.node.create(town.ann)
        body = {"json" if is_json else "data": {"contact": "+49 30-2", "group_id": group}}
        for verb in ("add", "promote", "demote", "remove"):
            answer = await town.node.ask(town.ann, "POST", f"{group}/{verb}-participant{slash}", **body)
            assert answer == (200, {})
        assert await kinds(town, group) == [Kind.JOINED, Kind.JOINED, Kind.ROLE, Kind.ROLE, Kind.LEFT]

    @VERBS
    async def test_only_an_admin_may(self, town: Town, verb: str) -> None:
        group = await town.node.create(town.ann, town.bob, town.cy)
        await town.fixture.befriend(town.bob, town.cy, town.dee)
        for contact in (town.ann.number, town.cy.number, town.dee.number, "4999"):
            body = {"contact": contact}
            answer = await town.node.ask(town.bob, "POST", f"{group}/{verb}-participant/", data=body)
            assert answer == (403, NO_ADMIN)
        assert await kinds(town, group) == [Kind.JOINED]

    @VERBS
    async def test_to_outsiders_and_those_who_left_the_group_is_not_there(self, town: Town, verb: str) -> None:
        group = await town.node.create(town.ann, town.bob)
        await town.node.do(town.bob, group, "leave")
        for actor in (town.bob, town.cy):
            body = {"contact": town.ann.number}
            assert await town.node.ask(actor, "POST", f"{group}/{verb}-participant/", data=body) == (404, NO_CHAT)
        body = {"contact": town.bob.number}
        assert await town.node.ask(town.ann, "POST", f"1-1/{verb}-participant/", data=body) == (404, NO_CHAT)

    @VERBS
    async def test_a_missing_or_invalid_contact_answers_400(self, town: Town, verb: str) -> None:
        group = await town.node.create(town.ann, town.bob)
        bodies: list[dict[str, Any]] = [
            {},
            {"contact": ""},
            {"contact": "bob"},
            {"contact": ["49302"]},
            {"contact": None},
        ]
        for body in bodies:
            status, answer = await town.node.ask(town.ann, "POST", f"{group}/{verb}-participant/", json=body)
            assert (status, answer["code"], set(answer)) == (400, "malformed", {"error", "code"})

    @pytest.mark.parametrize("verb", ["remove", "promote", "demote"])
    async def test_whoever_is_not_or_no_more_in_the_group_answers_404(self, town: Town, verb: str) -> None:
        group = await town.node.create(town.ann, town.bob)
        await town.node.do(town.bob, group, "leave")
        for contact in (town.bob.number, town.cy.number, "4999"):
            answer = await town.node.ask(town.ann, "POST", f"{group}/{verb}-participant/", data={"contact": contact})
            assert answer == (404, NO_PARTICIPANT)


class TestAdding:
    async def test_the_newcomer_sees_the_group_as_a_participant(self, town: Town) -> None:
        group = await town.node.create(town.ann)
        await town.node.do(town.ann, group, "add", town.bob)
        assert await town.node.info(town.bob, group) == await town.node.info(town.ann, group)
        assert await standing(town, group) == (["49301", "49302"], ["49301"])

    async def test_somebody_who_is_in_it_already_stays_as_they_are(self, town: Town) -> None:
        group = await town.node.create(town.ann, town.bob)
        await town.node.do(town.ann, group, "promote", town.bob)
        await town.fixture.contacts.remove(town.ann.account_id, [town.bob.number])
        for each in (town.ann, town.bob):
            await town.node.do(town.ann, group, "add", each)
        assert await kinds(town, group) == [Kind.JOINED, Kind.ROLE]
        assert await standing(town, group) == (["49301", "49302"], ["49301", "49302"])

    async def test_a_stranger_a_blocker_and_a_number_without_account_look_alike(self, town: Town) -> None:
        group = await town.node.create(town.ann)
        await town.fixture.contacts.remove(town.ann.account_id, [town.bob.number])
        await town.fixture.accounts.block(town.cy.account_id, town.ann.number)
        for contact in (town.bob.number, town.cy.number, "4999"):
            status, answer = await town.node.ask(
                town.ann, "POST", f"{group}/add-participant/", data={"contact": contact}
            )
            assert status == 400
            sentence = f"Not in your contacts, or not using Parley: {contact}."
            assert answer == {"error": sentence, "code": "not_a_contact"}
        assert await kinds(town, group) == [Kind.JOINED]

    async def test_a_full_group_answers_409(self, town: Town) -> None:
        group = await town.node.create(town.ann)
        accounts = tuple(range(1000, 1000 + MEMBERS_MAX - 1))
        await town.fixture.store_only(town.ann, group, Joined(accounts, tuple(map(str, accounts))))
        body = {"contact": town.bob.number}
        status, answer = await town.node.ask(town.ann, "POST", f"{group}/add-participant/", data=body)
        assert (status, answer["code"]) == (409, "group_full")
        await town.fixture.store_only(town.ann, group, Left(1000, "1000"), "crash 2")
        await town.node.do(town.ann, group, "add", town.bob)

    async def test_one_who_was_an_admin_before_comes_back_as_a_participant(self, town: Town) -> None:
        group = await town.node.create(town.ann, town.bob)
        await town.node.do(town.ann, group, "promote", town.bob)
        await town.node.do(town.bob, group, "leave")
        await town.node.do(town.ann, group, "add", town.bob)
        assert await standing(town, group) == (["49301", "49302"], ["49301"])


class TestRemoving:
    async def test_the_removed_one_sees_the_group_no_more(self, town: Town) -> None:
        group = await town.node.create(town.ann, town.bob)
        await town.node.do(town.ann, group, "remove", town.bob)
        assert await town.node.ask(town.bob, "GET", f"{group}/info/") == (404, NO_CHAT)
        assert await town.node.ask(town.bob, "GET", f"{group}/subject/") == (404, NO_CHAT)
        assert await town.node.ask(town.bob, "GET", "info-all/") == (200, {"grouplist": []})
        body = {"subject": "Still here"}
        assert await town.node.ask(town.bob, "POST", f"{group}/subject/", data=body) == (404, NO_CHAT)
        assert await standing(town, group) == (["49301"], ["49301"])

    async def test_an_admin_may_remove_another_and_need_not_have_anybody_as_contact(self, town: Town) -> None:
        group = await town.node.create(town.ann, town.bob, town.cy)
        await town.node.do(town.ann, group, "promote", town.bob)
        await town.node.do(town.bob, group, "remove", town.ann)
        info = await town.node.info(town.cy, group)
        assert (info["participants"], info["admins"]) == (["49302", "49303"], ["49302"])

    async def test_removing_oneself_is_leaving_and_needs_no_admin(self, town: Town) -> None:
        group = await town.node.create(town.ann, town.bob)
        await town.node.do(town.bob, group, "remove", town.bob)
        assert await standing(town, group) == (["49301"], ["49301"])


class TestRoles:
    async def test_a_promoted_one_may_do_what_admins_may_and_a_demoted_one_may_not(self, town: Town) -> None:
        group = await town.node.create(town.ann, town.bob, town.cy)
        await town.node.do(town.ann, group, "promote", town.bob)
        assert (await standing(town, group))[1] == ["49301", "49302"]
        await town.node.do(town.bob, group, "remove", town.cy)
        await town.node.do(town.ann, group, "demote", town.bob)
        body = {"contact": town.ann.number}
        assert await town.node.ask(town.bob, "POST", f"{group}/remove-participant/", data=body) == (403, NO_ADMIN)

    async def test_a_role_that_one_has_already_changes_nothing(self, town: Town) -> None:
        group = await town.node.create(town.ann, town.bob)
        await town.node.do(town.ann, group, "promote", town.ann)
        await town.node.do(town.ann, group, "demote", town.bob)
        assert await kinds(town, group) == [Kind.JOINED]

    async def test_an_only_admin_that_steps_down_hands_over(self, town: Town) -> None:
        group = await town.node.create(town.ann, town.dee)
        await town.node.do(town.ann, group, "add", town.bob)
        await town.node.do(town.ann, group, "demote", town.ann)
        assert await standing(town, group) == (["49301", "49304", "49302"], ["49304"])
        assert await kinds(town, group) == [Kind.JOINED, Kind.JOINED, Kind.ROLE, Kind.ROLE]

    async def test_alone_one_stays_admin(self, town: Town) -> None:
        group = await town.node.create(town.ann)
        await town.node.do(town.ann, group, "demote", town.ann)
        assert await standing(town, group) == (["49301"], ["49301"])
        assert await kinds(town, group) == [Kind.JOINED]


class TestLeaving:
    @pytest.mark.parametrize("body", [{}, {"json": {}}, {"data": {"group_id": "49-1"}}])
    async def test_the_leaver_sees_the_group_no_more_whatever_the_body_says(
        self, town: Town, body: dict[str, Any]
    ) -> None:
        group = await town.node.create(town.ann, town.bob)
        assert await town.node.ask(town.bob, "POST", f"{group}/leave/", **body) == (200, {})
        assert await town.node.ask(town.bob, "GET", f"{group}/info/") == (404, NO_CHAT)
        assert await town.node.ask(town.bob, "POST", f"{group}/leave", **body) == (404, NO_CHAT)
        assert await standing(town, group) == (["49301"], ["49301"])

    async def test_the_last_admin_is_followed_by_whoever_stands_longest(self, town: Town) -> None:
        group = await town.node.create(town.ann, town.bob, town.dee)
        await town.node.do(town.bob, group, "leave")
        await town.node.do(town.ann, group, "add", town.bob)
        await town.node.do(town.ann, group, "leave")
        info = await town.node.info(town.bob, group)
        assert (info["participants"], info["admins"]) == (["49304", "49302"], ["49304"])
        assert await kinds(town, group) == [Kind.JOINED, Kind.LEFT, Kind.JOINED, Kind.ROLE, Kind.LEFT]

    async def test_nobody_is_promoted_while_another_admin_stays(self, town: Town) -> None:
        group = await town.node.create(town.ann, town.bob, town.cy)
        await town.node.do(town.ann, group, "promote", town.cy)
        await town.node.do(town.ann, group, "leave")
        assert (await town.node.info(town.bob, group))["admins"] == ["49303"]
        assert await kinds(town, group) == [Kind.JOINED, Kind.ROLE, Kind.LEFT]

    async def test_with_the_last_participant_the_group_ends(self, town: Town) -> None:
        group = await town.node.create(town.ann, town.bob)
        await town.node.do(town.bob, group, "leave")
        await town.node.do(town.ann, group, "leave")
        for actor in (town.ann, town.bob):
            assert await town.node.ask(actor, "GET", f"{group}/info/") == (404, NO_CHAT)
            assert await town.node.ask(actor, "GET", "info-all/") == (200, {"grouplist": []})
        body = {"contact": town.bob.number}
        assert await town.node.ask(town.ann, "POST", f"{group}/add-participant/", data=body) == (404, NO_CHAT)
