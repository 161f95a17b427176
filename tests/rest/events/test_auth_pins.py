"""POST /auth and /auth/verify_pin, and their limits (docs/events-api.md, "Signing in")."""

import asyncio
import re

import pytest

from models.documents.pin import PinRules
from models.facts import AccountChanged
from tests.rest.conftest import StartNode
from tests.support.auth_fixture import ANN, Node

BOTH = pytest.mark.parametrize("prefix", ["", "/api"])
REQUIRED = ["This field is required."]


class TestAskingForAPin:
    @BOTH
    async def test_it_answers_204_with_nothing_for_new_and_known_numbers_alike(self, node: Node, prefix: str) -> None:
        answers = []
        for _ in range(2):
            async with node.client.post(f"{prefix}/auth", json={"phone_number": ANN}) as response:
                answers.append((response.status, await response.read()))
            node.clock.move(minutes=1)
        assert answers == [(204, b"")] * 2

    async def test_the_message_greets_names_the_code_and_opens_the_app(self, node: Node) -> None:
        code = await node.request_pin()
        sent = node.codes.last
        assert re.fullmatch("[0-9]{4}", code)
        assert (sent.to, sent.channel) == (ANN, "sms")
        assert sent.body.startswith(f"Hello! Your code is {code}.")
        assert sent.body.endswith(f"amigo://verify/{code}")

    @pytest.mark.parametrize(
        "number", ["+09897999989", "+111111111111", "+9199999123123", "12", "call me", "+٤٩٣٠", "☎", "x" * 128]
    )
    async def test_no_number_is_too_odd(self, node: Node, number: str) -> None:
        user = await node.sign_in(number)
        assert user["phone_number"] == number

    async def test_spellings_of_one_number_are_one_account(self, node: Node) -> None:
        first = await node.sign_in("+49 30 123-456")
        node.clock.move(minutes=1)
        second = await node.sign_in(ANN)
        assert (first["id"], first["phone_number"]) == (second["id"], ANN)

    async def test_a_code_goes_to_the_international_number_however_it_was_written(self, node: Node) -> None:
        await node.request_pin("0 9897 (999) 989")
        assert node.codes.last.to == "+09897999989"

    async def test_who_proves_a_number_decides_its_spelling(self, node: Node) -> None:
        await node.request_pin("4930123456")
        node.clock.move(minutes=1)
        assert (await node.sign_in(ANN))["phone_number"] == ANN
        node.clock.move(minutes=1)
        assert (await node.sign_in("4930123456"))["phone_number"] == ANN

    @pytest.mark.parametrize(
        "body", [{}, {"phone_number": ""}, {"phone_number": "  "}, {"phone_number": None}, {"phone_number": 49301}]
    )
    async def test_no_number_is_refused_in_the_generic_body(self, node: Node, body: object) -> None:
        status, shown = await node.ask("POST", "/auth", json=body)
        assert status == 400
        assert shown == {"_error_message": "phone_number is not provided.", "_error_type": "parley.Malformed"}

    @pytest.mark.parametrize("number", ["1" * 129, "+49\u0000", "+49\n30\n1"])
    async def test_what_cannot_be_kept_is_refused(self, node: Node, number: str) -> None:
        status, shown = await node.ask("POST", "/auth", json={"phone_number": number})
        assert status == 400
        assert shown.keys() == {"_error_message", "_error_type"}

    async def test_a_form_is_as_good_as_json(self, node: Node) -> None:
        assert await node.ask("POST", "/auth", data={"phone_number": ANN}) == (204, None)

    async def test_the_next_pin_makes_the_one_before_useless(self, node: Node) -> None:
        first = await node.request_pin()
        node.clock.move(minutes=1)
        while (second := await node.request_pin()) == first:
            node.clock.move(days=1)
        assert (await verify(node, first))[0] == 400
        assert (await verify(node, second))[0] == 200

    async def test_when_the_message_cannot_be_sent_asking_again_is_possible_at_once(self, node: Node) -> None:
        node.codes.is_down = True
        status, shown = await node.ask("POST", "/auth", json={"phone_number": ANN})
        assert (status, shown["_error_type"]) == (503, "parley.Unavailable")
        node.codes.is_down = False
        assert (await node.sign_in())["is_active"]


@pytest.mark.parametrize("path", ["/auth", "/auth/verify_pin", "/api/auth", "/api/auth/verify_pin"])
class TestAWrongRequest:
    async def test_broken_json_is_a_generic_400(self, node: Node, path: str) -> None:
        for body in (b'{"phone_number": ', b"\xff\xfe", b'{"phone_number": "\\ud800"}', b"[]", b'"text"', b"null"):
            status, shown = await node.ask("POST", path, data=body, headers={"Content-Type": "application/json"})
            assert (status, shown.keys()) == (400, {"_error_message", "_error_type"}), body

    async def test_another_content_type_is_a_generic_415(self, node: Node, path: str) -> None:
        status, shown = await node.ask("POST", path, data=b"<a/>", headers={"Content-Type": "text/xml"})
        assert (status, shown["_error_type"]) == (415, "parley.UnsupportedMediaType")

    async def test_another_method_is_a_generic_405_that_names_the_right_one(self, node: Node, path: str) -> None:
        async with node.client.get(path) as response:
            assert (response.status, response.headers["Allow"]) == (405, "OPTIONS,POST")
            assert (await response.json())["_error_type"] == "parley.MethodNotAllowed"


class TestVerifyingAPin:
    @BOTH
    async def test_the_right_pin_answers_the_full_user_with_a_token(self, node: Node, prefix: str) -> None:
        pin = await node.request_pin()
        status, user = await verify(node, pin, prefix=prefix)
        assert status == 200
        token = str(user.pop("auth_token"))
        assert user == {
            "id": 1,
            "phone_number": ANN,
            "full_name": "",
            "email": "",
            "is_active": True,
            "notify_new_invite": True,
            "notify_invite_rsvp": True,
            "notify_contact_joined": True,
            "notify_event_full": True,
            "notify_upcoming_event": True,
            "photo": None,
            "big_photo": None,
        }
        assert (await node.ask("GET", f"{prefix}/auth/sessions", token))[0] == 200

    async def test_the_account_is_registered_by_the_first_right_pin_and_nodes_hear_of_it_once(self, node: Node) -> None:
        await node.request_pin()
        assert await node.accounts.find_by_number(ANN[1:]) is None
        for _ in range(2):
            node.clock.move(minutes=2)
            user = await node.sign_in()
        assert (await node.accounts.require(user["id"])).is_registered
        assert node.fanout.signals == [AccountChanged(user["id"])]

    async def test_the_same_pin_is_wrong_the_second_time(self, node: Node) -> None:
        pin = await node.request_pin()
        answers = [await verify(node, wrong_for(pin)), await verify(node, pin), await verify(node, pin)]
        assert [status for status, _ in answers] == [400, 200, 400]
        for _, shown in (answers[0], answers[2]):
            assert shown == {"non_field_errors": ["This is not the code that was sent last, or it is no longer valid."]}

    async def test_of_two_right_pins_at_once_one_signs_in(self, start_auth_node: StartNode) -> None:
        nodes = [await start_auth_node(), await start_auth_node()]
        pin = await nodes[0].request_pin()
        answers = await asyncio.gather(*(verify(each, pin) for each in nodes))
        assert sorted(status for status, _ in answers) == [200, 400]

    async def test_an_unknown_number_looks_like_one_with_another_code(self, node: Node) -> None:
        status, shown = await verify(node, "1234")
        assert (status, shown.keys()) == (400, {"non_field_errors"})

    @pytest.mark.parametrize(
        ("body", "fields"),
        [
            ({}, {"phone_number": REQUIRED, "pin": REQUIRED}),
            ({"phone_number": ANN}, {"pin": REQUIRED}),
            ({"pin": "1234"}, {"phone_number": REQUIRED}),
            ({"phone_number": ANN, "pin": "12345"}, {"pin": ["Ensure this field has no more than 4 characters."]}),
            ({"phone_number": ANN, "pin": 12345}, {"pin": ["Ensure this field has no more than 4 characters."]}),
            ({"phone_number": ANN, "pin": ""}, {"pin": ["This field may not be blank."]}),
            ({"phone_number": None, "pin": "1234"}, {"phone_number": ["This field may not be null."]}),
            ({"phone_number": ANN, "pin": True}, {"pin": ["Not a valid string."]}),
            ({"phone_number": ANN, "pin": ["1234"]}, {"pin": ["Not a valid string."]}),
            ({"phone_number": " ", "pin": "1234"}, {"phone_number": ["This field may not be blank."]}),
            ({"phone_number": 49, "pin": "1234"}, {"phone_number": ["Not a valid string."]}),
            (
                {"phone_number": "1" * 129, "pin": "1234"},
                {"phone_number": ["A phone number has at most 128 printable characters."]},
            ),
        ],
    )
    async def test_each_wrong_field_is_named(self, node: Node, body: object, fields: object) -> None:
        assert await node.ask("POST", "/auth/verify_pin", json=body) == (400, fields)

    async def test_an_integer_is_as_good_as_text_also_when_the_pin_begins_with_zeros(self, node: Node) -> None:
        pin = await node.request_pin()
        while not pin.startswith("0"):
            node.clock.move(days=1)
            pin = await node.request_pin()
        assert (await verify(node, int(pin)))[0] == 200

    @pytest.mark.parametrize("zero", ["\u0660", "\u06f0", "\u0966", "\uff10"])
    async def test_digits_of_another_script_and_what_devices_put_between_them_are_read(
        self, node: Node, zero: str
    ) -> None:
        pin = await node.request_pin()
        other = pin.translate({ord("0") + digit: ord(zero) + digit for digit in range(10)})
        assert (await verify(node, f" \u202a{other[:2]}\u00a0{other[2:]}\u202c "))[0] == 200

    async def test_after_five_wrong_tries_the_right_pin_waits_a_minute_and_then_is_right(self, node: Node) -> None:
        pin = await node.request_pin()
        answers = [await verify(node, wrong_for(pin)) for _ in range(5)]
        assert {status for status, _ in answers} == {400}
        assert all(shown.keys() == {"non_field_errors"} for _, shown in answers)
        assert (await verify(node, pin))[0] == 429
        node.clock.move(minutes=1)
        assert (await verify(node, pin))[0] == 200

    async def test_the_wait_of_a_guesser_doubles_and_the_day_has_an_end(self, node: Node) -> None:
        pin, waits = await node.request_pin(), []
        for _ in range(5):
            await verify(node, wrong_for(pin))
        for _ in range(5):
            wait_s = await wait_of(node, "/auth/verify_pin", {"phone_number": ANN, "pin": pin})
            waits.append(wait_s)
            node.clock.move(seconds=wait_s)
            assert (await verify(node, wrong_for(pin)))[0] == 400
        assert waits == [60, 120, 240, 480, 960]
        node.clock.move(hours=2)
        assert (await verify(node, pin))[0] == 429
        node.clock.move(hours=22)
        assert (await verify(node, await node.request_pin()))[0] == 200

    async def test_a_right_code_begins_the_waits_anew(self, node: Node) -> None:
        pin = await node.request_pin()
        for _ in range(4):
            await verify(node, wrong_for(pin))
        assert (await verify(node, pin))[0] == 200
        node.clock.move(minutes=1)
        pin = await node.request_pin()
        assert [(await verify(node, wrong_for(pin)))[0] for _ in range(4)] == [400] * 4
        assert (await verify(node, pin))[0] == 200

    async def test_a_pin_lives_ten_minutes(self, node: Node) -> None:
        pin = await node.request_pin()
        node.clock.move(minutes=10)
        assert (await verify(node, pin))[0] == 400

    async def test_the_debug_pin_is_always_right(self, start_auth_node: StartNode) -> None:
        node = await start_auth_node(PinRules(debug_pin="1111"))
        await node.request_pin()
        assert [(await verify(node, pin))[0] for pin in ("1111", 1111)] == [200, 200]

    async def test_there_is_no_debug_pin_unless_one_is_set(self, node: Node) -> None:
        pin = await node.request_pin()
        while pin == "1111":
            node.clock.move(days=1)
            pin = await node.request_pin()
        assert (await verify(node, "1111"))[0] == 400


class TestTheLimits:
    async def test_the_next_pin_of_a_number_waits_a_minute_on_every_node(self, start_auth_node: StartNode) -> None:
        nodes = [await start_auth_node(), await start_auth_node()]
        await nodes[0].request_pin()
        nodes[0].clock.move(seconds=20)
        async with nodes[1].client.post("/auth", json={"phone_number": "+49 30 123456"}) as response:
            assert (response.status, response.headers["Retry-After"]) == (429, "40")
            assert (await response.json())["_error_type"] == "parley.RateLimited"
        nodes[0].clock.move(seconds=40)
        assert await nodes[1].request_pin()

    async def test_each_further_pin_waits_twice_as_long_until_the_number_is_proved(self, node: Node) -> None:
        waits = []
        for _ in range(4):
            pin = await node.request_pin()
            waits.append(await wait_of(node, "/auth", {"phone_number": ANN}))
            node.clock.move(seconds=waits[-1])
        assert waits == [60, 120, 240, 480]
        assert (await verify(node, pin))[0] == 200
        await node.request_pin()
        assert await wait_of(node, "/auth", {"phone_number": ANN}) == 120

    async def test_of_many_requests_at_once_one_sends(self, node: Node) -> None:
        answers = await asyncio.gather(*(node.ask("POST", "/auth", json={"phone_number": ANN}) for _ in range(8)))
        assert sorted(status for status, _ in answers) == [204] + [429] * 7
        assert len(node.codes.sent) == 1

    async def test_an_address_has_a_cap_for_each_hour_on_all_nodes(self, start_auth_node: StartNode) -> None:
        nodes = [await start_auth_node(PinRules(per_address_per_hour=3)) for _ in range(2)]
        clock = nodes[0].clock
        clock.move(minutes=59)
        for number in ("1", "2", "3"):
            await nodes[int(number) % 2].request_pin(number)
        async with nodes[0].client.post("/auth", json={"phone_number": "4"}) as response:
            assert (response.status, response.headers["Retry-After"]) == (429, "60")
        clock.move(minutes=1)
        assert await nodes[0].request_pin("4")

    async def test_waiting_for_a_number_does_not_use_up_the_address(self, start_auth_node: StartNode) -> None:
        node = await start_auth_node(PinRules(per_address_per_hour=2))
        await node.request_pin("1")
        for _ in range(5):
            assert (await node.ask("POST", "/auth", json={"phone_number": "1"}))[0] == 429
        assert await node.request_pin("2")

    async def test_behind_a_trusted_proxy_each_client_has_its_own_cap(self, start_auth_node: StartNode) -> None:
        node = await start_auth_node(PinRules(per_address_per_hour=1), trusted_proxies=["127.0.0.0/8"])

        async def ask(number: str, address: str) -> int:
            headers = {"X-Forwarded-For": address}
            return (await node.ask("POST", "/auth", json={"phone_number": number}, headers=headers))[0]

        assert [await ask("1", "192.0.2.1"), await ask("2", "192.0.2.2"), await ask("3", "192.0.2.1")] == [
            204,
            204,
            429,
        ]
        # one IPv6 subscriber has a whole /64
        assert [await ask("4", "2001:db8::1"), await ask("5", "2001:db8::2")] == [204, 429]
        assert await ask("6", "2001:db8:0:1::1") == 204

    async def test_a_stranger_cannot_name_his_own_address(self, start_auth_node: StartNode) -> None:
        node = await start_auth_node(PinRules(per_address_per_hour=1))
        await node.request_pin("1")
        headers = {"X-Forwarded-For": "192.0.2.7"}
        assert (await node.ask("POST", "/auth", json={"phone_number": "2"}, headers=headers))[0] == 429

    async def test_switched_off_they_are_lifted_but_for_the_tries(self, start_auth_node: StartNode) -> None:
        node = await start_auth_node(PinRules(per_address_per_hour=1, has_send_limits=False))
        for _ in range(4):
            pin = await node.request_pin()
        for _ in range(5):
            await verify(node, wrong_for(pin))
        assert (await verify(node, pin))[0] == 429


async def wait_of(node: Node, path: str, body: dict[str, str]) -> int:
    """The seconds that a refusal says to wait."""
    async with node.client.post(path, json=body) as answer:
        assert answer.status == 429
        return int(answer.headers["Retry-After"])


def wrong_for(pin: str) -> str:
    return f"{(int(pin) + 1) % 10000:04}"


async def verify(node: Node, pin: object, *, prefix: str = "") -> tuple[int, dict[str, object]]:
    return await node.ask("POST", f"{prefix}/auth/verify_pin", json={"phone_number": ANN, "pin": pin})
