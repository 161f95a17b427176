"""Groups made, shown and named, route by route (docs/messaging-api.md, "Groups")."""

from typing import Any

import pytest

from models.documents.chat import SUBJECT_MAX_CHARS, is_group_id
from models.documents.entry import Joined
from tests.support.group_fixture import MEMBERS_MAX, Fixture, Town

NO_CHAT = {"error": "There is no such chat.", "code": "chat_not_found"}
SPELLINGS = pytest.mark.parametrize("slash", ["/", ""])


class TestCreating:
    @SPELLINGS
    async def test_it_answers_201_with_the_group_s_id_under_both_names(self, town: Town, slash: str) -> None:
        body = {"participants": [town.bob.number, town.cy.number], "subject": "Cool group 👍"}
        status, answer = await town.node.ask(town.ann, "POST", "create-group" + slash, json=body)
        assert status == 201
        assert answer == {"groupid": answer["id"], "id": answer["id"]}
        assert is_group_id(answer["id"])
        assert answer["id"].startswith(f"{town.ann.number}-")

    async def test_everybody_is_in_it_and_the_founder_alone_is_admin(self, town: Town) -> None:
        group = await town.node.create(town.ann, town.cy, town.bob)
        for each in (town.ann, town.bob, town.cy):
            info = await town.node.info(each, group)
            assert info["participants"] == [town.ann.number, town.bob.number, town.cy.number]
            assert info["admins"] == [town.ann.number]

    @pytest.mark.parametrize("participants", ["49302,49303", '["49302", "49303"]', ["49302", "49303"]])
    async def test_a_form_will_do(self, town: Town, participants: Any) -> None:
        form = [("subject", "Form")]
        form += [("participants", each) for each in ([participants] if isinstance(participants, str) else participants)]
        status, answer = await town.node.ask(town.ann, "POST", "create-group/", data=form)
        assert status == 201
        assert (await town.node.info(town.ann, answer["id"]))["participants"] == ["49301", "49302", "49303"]

    async def test_numbers_collapse_separators_fall_and_what_is_no_number_is_dropped(self, town: Town) -> None:
        participants = ["+49 302", 49302, "4930-2", "bob", None, ["49303"], town.ann.number, "(49) 303", True]
        body = {"participants": participants, "subject": "Twice"}
        status, answer = await town.node.ask(town.ann, "POST", "create-group/", json=body)
        assert status == 201
        assert (await town.node.info(town.ann, answer["id"]))["participants"] == ["49301", "49302", "49303"]

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"subject": "No one"},
            {"subject": "No one", "participants": []},
            {"subject": "No one", "participants": ""},
            {"subject": "No one", "participants": ["x", None]},
            {"subject": "No one", "participants": 49302},
            {"participants": ["49302"]},
            {"participants": ["49302"], "subject": ""},
            {"participants": ["49302"], "subject": " \n"},
            {"participants": ["49302"], "subject": None},
            {"participants": ["49302"], "subject": 7},
            {"participants": ["49302"], "subject": "a\0b"},
        ],
    )
    async def test_without_participants_or_subject_it_answers_400(self, town: Town, body: dict[str, Any]) -> None:
        status, answer = await town.node.ask(town.ann, "POST", "create-group/", json=body)
        assert (status, answer["code"]) == (400, "malformed")
        assert set(answer) == {"error", "code"}
        assert await town.node.ask(town.ann, "GET", "info-all/") == (200, {"grouplist": []})

    async def test_those_who_are_no_contacts_are_all_named_and_no_group_is_made(self, town: Town) -> None:
        await town.fixture.accounts.change(town.cy.account_id, {"is_registered": False})
        body = {"participants": ["49302", "49303", "4999"], "subject": "Strangers"}
        status, answer = await town.node.ask(town.ann, "POST", "create-group/", json=body)
        assert status == 400
        assert answer == {"error": "Not in your contacts, or not using Parley: 49303, 4999.", "code": "not_a_contact"}
        assert await town.fixture.database.collection("chats").find_one({}) is None

    async def test_somebody_who_wrote_before_need_not_be_a_contact(self, town: Town) -> None:
        town.fixture.writers.pairs.add((town.cy.number, town.bob.account_id))
        group = await town.node.create(town.bob, town.cy)
        assert (await town.node.info(town.cy, group))["creator"] == town.bob.number

    async def test_somebody_who_blocked_the_founder_looks_like_no_contact(self, town: Town) -> None:
        await town.fixture.accounts.block(town.cy.account_id, town.ann.number)
        body = {"participants": ["49302", "49303"], "subject": "Blocked"}
        status, answer = await town.node.ask(town.ann, "POST", "create-group/", json=body)
        assert status == 400
        assert answer == {"error": "Not in your contacts, or not using Parley: 49303.", "code": "not_a_contact"}

    async def test_more_than_the_largest_size_answers_409_before_anybody_is_looked_up(self, town: Town) -> None:
        body = {"participants": [str(10**9 + n) for n in range(MEMBERS_MAX)], "subject": "Too many"}
        status, answer = await town.node.ask(town.ann, "POST", "create-group/", json=body)
        assert (status, answer["code"]) == (409, "group_full")

    async def test_a_thousand_come_in_with_one_call(self, fixture: Fixture) -> None:
        node, founder = await fixture.start_node(), await fixture.register("4930")
        others = [f"4931{n:04}" for n in range(MEMBERS_MAX - 1)]
        rows = [
            {
                "_id": 1000 + n,
                "phone": number,
                "number": number,
                "is_registered": True,
                "created_at": fixture.clock.now(),
            }
            for n, number in enumerate(others)
        ]
        await fixture.database.collection("accounts").insert_many(rows)
        await fixture.database.collection("contacts").insert_many(
            [{"owner_id": founder.account_id, "number": n, "first_name": None, "last_name": None} for n in others]
        )
        body = {"participants": others, "subject": "Everybody"}
        status, answer = await node.ask(founder, "POST", "create-group/", json=body)
        assert status == 201
        assert sorted((await node.info(founder, answer["id"]))["participants"]) == ["4930", *others]
        (entry,) = await fixture.log(answer["id"])
        assert isinstance(entry.body, Joined)
        assert len(entry.body.accounts) == MEMBERS_MAX
        await node.fanout.until(1)
        assert len(node.fanout.told[0][1]) == MEMBERS_MAX

    async def test_a_founder_may_begin_alone(self, town: Town) -> None:
        group = await town.node.create(town.bob)
        info = await town.node.info(town.bob, group)
        assert (info["participants"], info["admins"]) == ([town.bob.number], [town.bob.number])

    async def test_two_groups_of_one_founder_at_one_time_have_two_ids(self, town: Town) -> None:
        now = town.fixture.clock.now()
        founder = (town.ann.account_id, town.ann.number)
        first, second = [await town.fixture.chats.create_group(founder, "Same", now) for _ in range(2)]
        assert (first.group, second.group) == (
            f"49301-{int(now.timestamp())}",
            f"49301-{int(now.timestamp()) + 1}",
        )

    async def test_a_founder_whose_number_is_no_number_has_groups_that_a_path_can_name(self, town: Town) -> None:
        founder = await town.fixture.register("call me")
        await town.fixture.befriend(founder, town.bob)
        group = await town.node.create(founder, town.bob)
        assert group.startswith(f"{founder.account_id}-")
        assert (await town.node.info(founder, group))["creator"] == "call me"


class TestShowing:
    async def test_a_group_is_shown_with_all_its_fields(self, town: Town) -> None:
        group = await town.node.create(town.ann, town.bob)
        created = group.partition("-")[2]
        assert await town.node.info(town.bob, group) == {
            "groupid": group,
            "id": group,
            "creator": "49301",
            "creation": created,
            "subject": "Cool group 👍",
            "s_o": "49301",
            "s_t": created,
            "participants": ["49301", "49302"],
            "admins": ["49301"],
        }

    async def test_participants_stand_in_the_order_in_which_they_came(self, town: Town) -> None:
        group = await town.node.create(town.ann, town.dee)
        await town.node.do(town.ann, group, "add", town.bob)
        await town.node.do(town.dee, group, "leave")
        await town.node.do(town.ann, group, "add", town.dee)
        assert (await town.node.info(town.ann, group))["participants"] == ["49301", "49302", "49304"]

    async def test_info_all_holds_the_same_objects_oldest_first_and_only_one_s_own(self, town: Town) -> None:
        groups = [
            await town.node.create(town.ann, *others) for others in ((town.bob,), (town.cy,), (town.bob, town.cy))
        ]
        infos = [await town.node.info(town.ann, group) for group in groups]
        assert await town.node.ask(town.ann, "GET", "info-all/") == (200, {"grouplist": infos})
        assert await town.node.ask(town.bob, "GET", "info-all") == (200, {"grouplist": [infos[0], infos[2]]})
        assert await town.node.ask(town.dee, "GET", "info-all/") == (200, {"grouplist": []})

    async def test_info_all_shows_no_direct_chats(self, town: Town) -> None:
        ann, bob = [(actor.account_id, actor.number) for actor in (town.ann, town.bob)]
        await town.fixture.chats.require_direct(ann, bob, town.fixture.clock.now())
        assert await town.node.ask(town.ann, "GET", "info-all/") == (200, {"grouplist": []})

    async def test_info_all_asks_the_database_as_often_for_ten_groups_as_for_one(self, town: Town) -> None:
        asked: list[int] = []
        for count in (1, 9):
            for _ in range(count):
                await town.node.create(town.ann, town.bob)
            await town.node.fanout.until(len(asked) * 9 + 1)  # so that nobody else asks meanwhile
            await town.fixture.database.raw.command("profile", 2)
            _, shown = await town.node.ask(town.ann, "GET", "info-all/")
            await town.fixture.database.raw.command("profile", 0)
            profile = town.fixture.database.raw["system.profile"]
            asked.append(
                await profile.count_documents({"op": {"$in": ["query", "command"]}, "command.find": {"$exists": 1}})
            )
            await profile.drop()
        assert len(shown["grouplist"]) == 10
        assert asked == [3, 3]

    @pytest.mark.parametrize("path", ["info/", "subject/", "subject"])
    async def test_to_outsiders_a_group_is_not_there(self, town: Town, path: str) -> None:
        group = await town.node.create(town.ann, town.bob)
        assert await town.node.ask(town.cy, "GET", f"{group}/{path}") == (404, NO_CHAT)
        assert await town.node.ask(town.ann, "GET", f"49301-1/{path}") == (404, NO_CHAT)

    @pytest.mark.parametrize("name", ["x", "49301", "49301-", "49301-x", "49301-1-1", "٤٩-١"])
    async def test_what_is_no_group_s_id_is_no_path(self, town: Town, name: str) -> None:
        status, answer = await town.node.ask(town.ann, "GET", f"{name}/info/")
        assert (status, answer["code"]) == (404, "not_found")


class TestTheSubject:
    @pytest.mark.parametrize("is_json", [True, False])
    @SPELLINGS
    async def test_any_participant_may_change_it_at_both_paths(self, town: Town, slash: str, is_json: bool) -> None:
        group = await town.node.create(town.ann, town.bob)
        kind = "json" if is_json else "data"
        body = {"subject": "Even more cool group😎"}
        answer = await town.node.ask(town.bob, "POST", f"{group}/subject{slash}", **{kind: body})
        assert answer == (200, {})
        assert await town.node.ask(town.ann, "GET", f"{group}/subject{slash}") == (200, body)
        body = {"subject": "x" * SUBJECT_MAX_CHARS, "group_id": group}
        assert await town.node.ask(town.bob, "POST", "subject" + slash, **{kind: body}) == (200, {})
        info = await town.node.info(town.ann, group)
        assert (info["subject"], info["s_o"], info["creator"]) == (body["subject"], "49302", "49301")
        assert int(info["s_t"]) > int(info["creation"])

    @pytest.mark.parametrize("subject", [None, "", "  ", "a\0b"])
    async def test_an_empty_or_unstorable_one_answers_400(self, town: Town, subject: str | None) -> None:
        group = await town.node.create(town.ann)
        for path, body in ((f"{group}/subject/", {}), ("subject/", {"group_id": group})):
            given = body if subject is None else body | {"subject": subject}
            status, answer = await town.node.ask(town.ann, "POST", path, data=given)
            assert (status, answer["code"], set(answer)) == (400, "malformed", {"error", "code"})
        assert (await town.node.info(town.ann, group))["subject"] == "Cool group 👍"

    async def test_one_too_long_answers_400(self, town: Town) -> None:
        group = await town.node.create(town.ann)
        body = {"subject": "x" * (SUBJECT_MAX_CHARS + 1)}
        status, answer = await town.node.ask(town.ann, "POST", f"{group}/subject/", data=body)
        assert (status, answer["code"]) == (400, "too_long")

    @pytest.mark.parametrize(
        "named", [{}, {"group_id": ""}, {"group_id": "x"}, {"group_id": 7}, {"group_id": "49-1-1"}]
    )
    async def test_without_a_group_s_id_the_bare_path_answers_400(self, town: Town, named: dict[str, Any]) -> None:
        status, answer = await town.node.ask(town.ann, "POST", "subject/", json={"subject": "New"} | named)
        assert (status, answer["code"]) == (400, "malformed")

    async def test_outsiders_cannot_name_a_group(self, town: Town) -> None:
        group = await town.node.create(town.ann, town.bob)
        body = {"subject": "Mine", "group_id": group}
        assert await town.node.ask(town.cy, "POST", "subject/", data=body) == (404, NO_CHAT)
        assert await town.node.ask(town.cy, "POST", f"{group}/subject/", data=body) == (404, NO_CHAT)
        assert await town.node.ask(town.cy, "POST", "subject/", data=body | {"group_id": "1-1"}) == (404, NO_CHAT)
        assert (await town.node.info(town.ann, group))["subject"] == "Cool group 👍"


ALL = [
    ("POST", "create-group/"),
    ("GET", "info-all/"),
    ("GET", "49-1/info/"),
    ("POST", "subject/"),
    ("GET", "49-1/subject/"),
    ("POST", "49-1/subject/"),
    ("POST", "49-1/add-participant/"),
    ("POST", "49-1/remove-participant/"),
    ("POST", "49-1/promote-participant/"),
    ("POST", "49-1/demote-participant/"),
    ("POST", "49-1/leave/"),
]


class TestEveryRoute:
    async def test_it_needs_a_token(self, town: Town) -> None:
        for method, path in ALL:
            status, answer = await town.node.ask(None, method, path)
            assert (status, answer["code"]) == (401, "unauthenticated"), path

    async def test_it_acts_for_no_other_account(self, town: Town) -> None:
        for method, path in ALL:
            status, answer = await town.node.ask(town.ann, method, path, params={"account": town.bob.number})
            assert (status, answer["code"]) == (400, "wrong_account"), path

    async def test_it_knows_no_other_method(self, town: Town) -> None:
        for _, path in ALL:
            status, answer = await town.node.ask(town.ann, "PUT", path)
            assert (status, answer["code"]) == (405, "method_not_allowed"), path
