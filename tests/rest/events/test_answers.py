"""What invitees do at an event: answer, look, write, suggest (docs/events-api.md, "Answers")."""

import asyncio
from typing import Any

import pytest

from models.documents.sample_reply import ReplyType
from models.errors import Conflict, Malformed
from models.services.events.sample_replies import AddSampleReply
from models.stores.counters import Counters
from models.stores.database import Database
from models.stores.sample_replies import SampleReplies
from tests.rest.events.fixture import Fixture, in_hours, new_number
from tests.support.node import Person

REQUIRED = ["This field is required."]


def invitee(event: dict[str, Any], who: Person) -> dict[str, Any]:
    """Who is invited, as the event shows it."""
    found: dict[str, Any] = next(each for each in event["invitees"] if each["id"] == who.account_id)
    return found


class TestAnswering:
    async def test_accept_turns_null_to_true_and_sets_seen_and_time(self, fixture: Fixture) -> None:
        ann, tom = await fixture.people(2)
        event = await fixture.create(ann, tom)
        assert (await fixture.show(tom, event))["i_am_attending"] is None
        seen = await fixture.answer(tom, event, "accept", rsvp_message="I'll be there!")
        assert (seen["i_am_attending"], seen["my_rsvp_message"]) == (True, "I'll be there!")
        assert seen == await fixture.show(tom, event)
        shown = invitee(await fixture.show(ann, event), tom)
        assert (shown["is_attending"], shown["has_seen"], shown["rsvp_message"]) == ("True", True, "I'll be there!")
        assert shown["rsvp_time"].endswith("Z")
        (invitation,) = seen["invitations"]
        assert (invitation["has_accepted_invite"], invitation["rsvp_message"]) == (True, "I'll be there!")

    async def test_reject_turns_true_to_false_and_the_message_of_the_last_answer_is_all_there_is(
        self, fixture: Fixture
    ) -> None:
        ann, tom = await fixture.people(2)
        event = await fixture.create(ann, tom, event_date=in_hours(-50))
        await fixture.answer(tom, event, "accept", rsvp_message="Yes")
        seen = await fixture.answer(tom, event, "reject")
        assert (seen["i_am_attending"], seen["my_rsvp_message"]) == (False, None)
        shown = invitee(seen, tom)
        assert (shown["is_attending"], shown["rsvp_message"], shown["has_seen"]) == ("False", None, True)
        assert seen["invitations"][0]["rsvp_message"] == ""

    @pytest.mark.parametrize("message", ["", "  ", None])
    async def test_no_words_are_what_is_shown_and_may_be_sent(self, fixture: Fixture, message: str | None) -> None:
        ann, tom = await fixture.people(2)
        event = await fixture.create(ann, tom)
        await fixture.answer(tom, event, "accept", rsvp_message="Yes")
        seen = await fixture.answer(tom, event, "reject", rsvp_message=message)
        assert (seen["my_rsvp_message"], seen["invitations"][0]["rsvp_message"]) == (None, "")

    async def test_a_no_leaves_has_seen_as_it_was(self, fixture: Fixture) -> None:
        ann, tom = await fixture.people(2)
        event = await fixture.create(ann, tom)
        assert invitee(await fixture.answer(tom, event, "reject"), tom)["has_seen"] is False

    async def test_the_owner_has_nothing_to_answer(self, fixture: Fixture) -> None:
        ann, tom = await fixture.people(2)
        event = await fixture.create(ann, tom)
        for how in ("accept", "reject"):
            seen = await fixture.answer(ann, event, how, rsvp_message="Me")
            assert (seen["i_am_attending"], seen["my_rsvp_message"]) == (True, None)
        assert (await fixture.show(ann, event))["invitees"][0]["is_attending"] is None

    async def test_a_full_event_refuses_until_a_place_is_given_back(self, fixture: Fixture) -> None:
        ann, tom, eve = await fixture.people(3)
        event = await fixture.create(ann, tom, eve, total_spots=1)
        await fixture.answer(tom, event, "accept")
        await fixture.answer(tom, event, "accept", rsvp_message="Still")
        status, shown = await fixture.ask(eve, "POST", f"/events/{event['id']}/accept", {})
        assert (status, shown) == (
            400,
            {"_error_message": "All places of this event are taken.", "_error_type": "parley.EventFull"},
        )
        assert (await fixture.show(eve, event))["i_am_attending"] is None
        await fixture.answer(eve, event, "reject")
        await fixture.answer(tom, event, "reject")
        await fixture.answer(eve, event, "accept")

    @pytest.mark.parametrize("how", ["accept", "reject"])
    async def test_the_body_is_read_before_the_event_is_looked_for(self, fixture: Fixture, how: str) -> None:
        ann = await fixture.person()
        for event_id in ("999999999", "abc"):
            path = f"/events/{event_id}/{how}"
            for message, sentence in (
                ("x" * 61, "Ensure this field has no more than 60 characters."),
                (7, "Not a valid string."),
            ):
                assert await fixture.ask(ann, "POST", path, {"rsvp_message": message}) == (
                    400,
                    {"rsvp_message": [sentence]},
                )
            assert (await fixture.ask(ann, "POST", path, {"rsvp_message": "x" * 60}))[0] == 404
            assert (await fixture.ask(ann, "POST", path))[0] == 404, "an empty body is fine"


class TestSeeing:
    async def test_mark_seen_shows_the_invitation_and_leaves_the_answer(self, fixture: Fixture) -> None:
        ann, tom = await fixture.person(), await fixture.person("Tom")
        event = await fixture.create(ann, tom)
        (invitation,) = event["invitations"]
        for _ in range(2):
            status, shown = await fixture.ask(
                tom, "PUT", f"/events/{event['id']}/invitations/{invitation['id']}/mark_seen"
            )
            assert (status, shown) == (200, invitation | {"has_seen": True})
        assert (await fixture.show(ann, event))["invitees"][0]["has_seen"] is True

    async def test_the_owner_may_not_and_for_strangers_there_is_no_invitation(self, fixture: Fixture) -> None:
        ann, tom, eve, mia = await fixture.people(4)
        event, other = await fixture.create(ann, tom, mia), await fixture.create(ann, tom)
        mine = next(each["id"] for each in event["invitations"] if each["user_id"] == tom.account_id)

        async def see(who: Person, event_id: object, invitation: object) -> tuple[int, Any]:
            return await fixture.ask(who, "PUT", f"/events/{event_id}/invitations/{invitation}/mark_seen")

        status, shown = await see(ann, event["id"], mine)
        assert (status, shown["_error_message"]) == (403, "Only who is invited may mark an invitation as seen.")
        elsewhere = other["invitations"][0]["id"]
        for who, event_id, invitation in (
            (eve, event["id"], mine),
            (mia, event["id"], mine),
            (tom, event["id"], elsewhere),
            (ann, event["id"], elsewhere),
            (tom, event["id"], 10**12),
            (tom, event["id"], "x"),
            (tom, "x", mine),
        ):
            status, shown = await see(who, event_id, invitation)
            assert (status, shown.keys()) == (404, {"_error_message"}), (who, event_id, invitation)
        assert invitee(await fixture.show(tom, event), tom)["has_seen"] is False


class TestMessages:
    async def test_each_person_has_three_and_the_fourth_is_409_with_the_same_keys(self, fixture: Fixture) -> None:
        ann, tom = await fixture.person("Ann"), await fixture.person("Tom")
        event = await fixture.create(ann, tom)
        path = f"/events/{event['id']}/messages"
        for who in (tom, ann):
            for count in (1, 2, 3):
                body = f"We should move the starting time {count}"
                status, shown = await fixture.ask(who, "POST", path, {"body": f" {body} "})
                assert (status, shown) == (
                    201,
                    {
                        "body": body,
                        "is_owner": who is ann,
                        "error_message": None,
                        "error": False,
                        "user_id": who.account_id,
                        "number_messages": count,
                    },
                )
            assert await fixture.ask(who, "POST", path, {"body": "More"}) == (
                409,
                {
                    "body": "More",
                    "is_owner": who is ann,
                    "error_message": "Limit of messages reached",
                    "error": True,
                    "user_id": who.account_id,
                    "number_messages": 3,
                },
            )
        messages = (await fixture.show(tom, event))["messages"]
        assert [each["user_id"] for each in messages] == [tom.account_id] * 3 + [ann.account_id] * 3, "oldest first"
        assert messages[0] == {
            "id": messages[0]["id"],
            "user_id": tom.account_id,
            "user_full_name": "Tom",
            "user_email": f"{tom.number}@example.com",
            "body": "We should move the starting time 1",
        }

    async def test_the_limit_holds_for_ten_at_once(self, fixture: Fixture) -> None:
        ann = await fixture.person()
        event = await fixture.create(ann)
        path = f"/events/{event['id']}/messages"
        answers = await asyncio.gather(*(fixture.ask(ann, "POST", path, {"body": f"{n}"}) for n in range(10)))
        assert sorted(status for status, _ in answers) == [201] * 3 + [409] * 7
        assert len((await fixture.show(ann, event))["messages"]) == 3

    async def test_they_are_messages_of_the_events_chat_and_follow_what_is_done_to_them_there(
        self, fixture: Fixture
    ) -> None:
        ann, tom = await fixture.people(2)
        event = await fixture.create(ann, tom)
        for body in ("first", "second", "third"):
            await fixture.ask(tom, "POST", f"/events/{event['id']}/messages", {"body": body})
        stored = await fixture.events.find(event["id"])
        assert stored is not None
        seqs = [each.seq for each in stored.messages]
        device = await fixture.node.connect(tom, "/chat")
        target = {"chat": stored.chat_id}
        page = await device.ask("history", target | {"limit": 50})
        said = {entry["seq"]: entry["text"] for entry in page["entries"] if entry["kind"] == "message"}
        assert said == dict(zip(seqs, ("first", "second", "third"), strict=True))
        assert (await device.ask("message_edit", target | {"seq": seqs[0], "text": "FIRST", "client_id": "e"}))["ok"]
        assert (await device.ask("message_delete", target | {"seq": seqs[1], "client_id": "d"}))["ok"]
        assert (await device.ask("message_send", target | {"text": "by socket", "client_id": "s"}))["ok"]
        messages = (await fixture.show(ann, event))["messages"]
        assert [each["body"] for each in messages] == ["FIRST", "third"], "no deleted one, and none by socket"
        _, shown = await fixture.ask(tom, "POST", f"/events/{event['id']}/messages", {"body": "again"})
        assert shown["number_messages"] == 3, "deleting gives nothing back"

    async def test_what_somebody_deletes_or_clears_for_itself_is_shown_to_the_others_only(
        self, fixture: Fixture
    ) -> None:
        ann, tom = await fixture.people(2)
        event = await fixture.create(ann, tom)
        for body in ("first", "second"):
            await fixture.ask(tom, "POST", f"/events/{event['id']}/messages", {"body": body})
        stored = await fixture.events.find(event["id"])
        assert stored is not None
        target = {"chat": stored.chat_id}
        device = await fixture.node.connect(ann, "/chat")

        async def shown_to(who: Person) -> list[str]:
            return [each["body"] for each in (await fixture.show(who, event))["messages"]]

        only_me = {"seq": stored.messages[0].seq, "scope": "me", "client_id": "d"}
        assert (await device.ask("message_delete", target | only_me))["ok"]
        assert (await shown_to(ann), await shown_to(tom)) == (["second"], ["first", "second"])
        assert (await device.ask("chat_clear", target))["ok"]
        assert (await shown_to(ann), await shown_to(tom)) == ([], ["first", "second"])

    @pytest.mark.parametrize(
        ("body", "sentence"),
        [
            ({}, "This field is required."),
            ({"body": ""}, "This field may not be blank."),
            ({"body": "  "}, "This field may not be blank."),
            ({"body": None}, "This field may not be null."),
            ({"body": 5}, "Not a valid string."),
            ({"body": "x" * 1001}, "Ensure this field has no more than 1000 characters."),
            ({"body": "a\0b"}, "Not a valid string."),
        ],
    )
    async def test_a_message_without_words_is_refused(self, fixture: Fixture, body: object, sentence: str) -> None:
        ann = await fixture.person()
        event = await fixture.create(ann)
        assert await fixture.ask(ann, "POST", f"/events/{event['id']}/messages", body) == (400, {"body": [sentence]})


class TestPolls:
    async def test_each_person_has_three_and_the_fourth_is_told_so_without_a_type(self, fixture: Fixture) -> None:
        ann, tom = await fixture.people(2)
        event = await fixture.create(ann, tom)
        path, date = f"/events/{event['id']}/polls", "2017-10-18T23:58:46.498277Z"
        for who in (tom, ann):
            for count in range(3):
                poll = {"suggested_date": date, "suggested_venue": f"Foobar {who.number} {count}"}
                status, shown = await fixture.ask(who, "POST", path, poll)
                assert (status, shown) == (201, poll | {"id": shown["id"]})
            again = {"suggested_date": date, "suggested_venue": f"Foobar {who.number} 0"}
            assert await fixture.ask(who, "POST", path, again) == (
                400,
                {"_error_message": "You cannot submit more than 3 Polls"},
            ), "the limit is looked at before duplicates"
        polls = (await fixture.show(tom, event))["polls"]
        assert len(polls) == 6
        assert polls[0].keys() == {"id", "suggested_date", "suggested_venue"}

    async def test_the_same_date_and_place_are_there_once_whoever_suggests_them(self, fixture: Fixture) -> None:
        ann, tom = await fixture.people(2)
        event = await fixture.create(ann, tom)
        path, poll = f"/events/{event['id']}/polls", {"suggested_date": in_hours(5), "suggested_venue": "Foobar"}
        assert (await fixture.ask(tom, "POST", path, poll))[0] == 201
        status, shown = await fixture.ask(ann, "POST", path, poll | {"suggested_venue": " Foobar "})
        assert (status, shown) == (400, {"body": ["This date and place have been suggested already."]})
        assert (await fixture.ask(ann, "POST", path, poll | {"suggested_venue": ""}))[0] == 201

    async def test_without_a_date_the_events_own_is_meant_and_without_both_nothing(self, fixture: Fixture) -> None:
        ann = await fixture.person()
        event = await fixture.create(ann)
        path = f"/events/{event['id']}/polls"
        status, shown = await fixture.ask(ann, "POST", path, {"suggested_venue": "Foobar"})
        assert (status, shown["suggested_date"]) == (201, event["event_date"])
        for body in ({}, {"suggested_venue": " "}, {"suggested_date": None}):
            assert await fixture.ask(ann, "POST", path, body) == (400, {"suggested_date": REQUIRED})
        body = {"suggested_date": "soon", "suggested_venue": "x" * 101}
        status, shown = await fixture.ask(ann, "POST", path, body)
        assert (status, shown.keys()) == (400, {"suggested_date", "suggested_venue"})


class TestTimeSuggestions:
    async def test_it_is_noted_and_answered_204_with_nothing_and_the_event_stays(self, fixture: Fixture) -> None:
        ann, tom = await fixture.people(2)
        event = await fixture.create(ann, tom)
        body = {"suggested_time": "2016-12-11T04:00:00Z", "comment": "some comment", "like_count": 2, "is_set": True}
        for who, what in ((tom, body), (ann, {"suggested_time": "2016-12-11T04:00:00Z"})):
            assert await fixture.ask(who, "POST", f"/events/{event['id']}/time_suggestions", what) == (204, None)
        event.pop("attendees_count")
        assert await fixture.show(ann, event) == event | {"version": event["version"] + 2}
        stored = await fixture.events.find(event["id"])
        assert stored is not None
        first, second = stored.suggestions
        assert (first.comment, first.like_count, first.is_set) == ("some comment", 2, True)
        assert (second.comment, second.like_count, second.is_set) == ("", 0, False)

    @pytest.mark.parametrize(
        ("body", "fields"),
        [
            ({}, {"suggested_time": REQUIRED}),
            ({"suggested_time": None}, {"suggested_time": ["This field may not be null."]}),
            ({"like_count": -1}, {"like_count": ["Ensure this value is greater than or equal to 0."]}),
            ({"like_count": 2**70}, {"like_count": ["Ensure this value is less than or equal to 2147483647."]}),
            ({"like_count": "many"}, {"like_count": ["A valid integer is required."]}),
            ({"is_set": "perhaps"}, {"is_set": ['"perhaps" is not a valid boolean.']}),
            ({"comment": "x" * 501}, {"comment": ["Ensure this field has no more than 500 characters."]}),
        ],
    )
    async def test_a_wrong_one_is_told_by_field(
        self, fixture: Fixture, body: dict[str, Any], fields: dict[str, Any]
    ) -> None:
        ann = await fixture.person()
        event = await fixture.create(ann)
        if "suggested_time" not in fields:
            body = {"suggested_time": in_hours(3)} | body
        assert await fixture.ask(ann, "POST", f"/events/{event['id']}/time_suggestions", body) == (400, fields)

    async def test_somebody_with_twenty_is_told_to_stop(self, fixture: Fixture) -> None:
        ann = await fixture.person()
        event = await fixture.create(ann)
        path, body = f"/events/{event['id']}/time_suggestions", {"suggested_time": in_hours(3)}
        for _ in range(20):
            assert (await fixture.ask(ann, "POST", path, body))[0] == 204
        assert (await fixture.ask(ann, "POST", path, body))[0] == 400


class TestSampleReplies:
    async def test_it_is_a_bare_array_by_type_and_text_with_those_of_the_seed(self, fixture: Fixture) -> None:
        status, replies = await fixture.ask(await fixture.person(), "GET", "/events/sample_rsvp_replies")
        assert status == 200
        assert [each["type"] for each in replies] == ["accept"] * 8 + ["reject"] * 8
        for kind in ("accept", "reject"):
            texts = [each["text"] for each in replies if each["type"] == kind]
            assert texts == sorted(set(texts))
        said = {(each["text"], each["type"]) for each in replies}
        assert {("I'll be there :)", "accept"), ("Yesss!", "accept"), ("Maybe next time!", "reject")} <= said
        assert all(each.keys() == {"id", "text", "type"} and len(each["text"]) <= 60 for each in replies)

    async def test_they_are_put_in_once_also_by_two_nodes_at_once_and_none_are_an_empty_array(
        self, database: Database
    ) -> None:
        replies = SampleReplies(database, Counters(database))
        await asyncio.gather(*(SampleReplies(database, Counters(database)).prepare() for _ in range(2)))
        first = await replies.list_all()
        assert len(first) == len({each.id for each in first}) == 16
        for each in first:
            assert await replies.remove(each.text)
        await replies.prepare()
        assert await replies.list_all() == []
        for text, kind in (("Maybe", ReplyType.REJECT), ("Yes", ReplyType.ACCEPT), ("Sure", ReplyType.ACCEPT)):
            assert await replies.append(text, kind)
        assert await replies.append("Yes", ReplyType.REJECT) is None
        assert [each.text for each in await replies.list_all()] == ["Sure", "Yes", "Maybe"]

    async def test_one_is_added_that_can_answer_and_is_not_there(self, database: Database) -> None:
        add = AddSampleReply(SampleReplies(database, Counters(database)))
        assert (await add(" See  you ", ReplyType.ACCEPT)).text == "See you"
        assert (await add("x" * 60, ReplyType.ACCEPT)).text == "x" * 60
        for text in ("", " \u200b ", "x" * 61):
            with pytest.raises(Malformed):
                await add(text, ReplyType.ACCEPT)
        with pytest.raises(Conflict):
            await add("See you", ReplyType.REJECT)

    async def test_a_crash_in_the_middle_of_putting_them_in_loses_none(self, database: Database) -> None:
        replies = SampleReplies(database, Counters(database))
        await replies.prepare()
        await replies.remove("Yesss!")
        await database.raw["seeds"].delete_many({})
        await replies.prepare()
        assert len(await replies.list_all()) == 16


@pytest.mark.parametrize(
    ("rest", "body"),
    [
        ("accept", {}),
        ("reject", {}),
        ("messages", {"body": "Hello"}),
        ("polls", {"suggested_venue": "Here"}),
        ("time_suggestions", {"suggested_time": "2030-01-01T00:00:00Z"}),
    ],
)
async def test_for_strangers_there_is_no_event(fixture: Fixture, rest: str, body: object) -> None:
    ann, eve = await fixture.people(2)
    event = await fixture.create(ann, "+" + new_number())
    status, shown = await fixture.ask(eve, "POST", f"/events/{event['id']}/{rest}", body)
    assert (status, shown) == (404, {"_error_message": "There is no such event."})
    assert await fixture.ask(eve, "POST", f"/api/events/x/{rest}", body) == (404, {"_error_message": ""})
