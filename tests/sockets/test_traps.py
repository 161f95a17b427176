"""The traps of python-socketio (docs/architecture.md, "Sockets"): forged events, silent failures, doors that are not there."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from models.documents.session import Session
from server.auth.tokens import JwtTokens
from server.clock import SystemClock
from server.embedded import EmbeddedStores
from server.secret import load_secret
from tests.support.node import NAMESPACES, Device, settings_for
from tests.support.raw import Frames, frames, open_polling
from tests.support.socket_fixture import Friends, friends_on_a_node, sockets_of

JOIN_WITHIN_S = 5.0  # what a busy machine needs to let somebody in, and more


async def refusal_of(socket: Frames, namespace: str, credentials: object) -> dict[str, Any]:
    """What a CONNECT is refused with."""
    await socket.say(f"40{namespace}," + ("" if credentials is None else json.dumps(credentials)))
    refusal: dict[str, Any] = json.loads((await socket.hear_until(f"44{namespace},")).partition(",")[2])
    return refusal


class TestEvents:
    @pytest.mark.parametrize("namespace", NAMESPACES)
    async def test_an_event_that_no_namespace_has_is_refused(self, friends: Friends, namespace: str) -> None:
        inner = ("connect", "disconnect", "on_connect", "welcome", "left", "trigger_event", "_ask")
        async with frames(friends.node.url) as socket:
            await socket.join(friends.ann.token, namespace)
            for number, event in enumerate((*inner, "", "*", "\ud83d")):
                name, asked, bare = json.dumps(event), f"{namespace},1{number}", f"{namespace},2{number}"
                await socket.say(f'42{asked}[{name},{{"token":"x"}}]')
                answer = json.loads((await socket.hear_until("43" + asked))[len("43" + asked) :])
                assert answer[0]["ok"] is False, name
                assert answer[0]["error"]["code"] == "unknown_event", name
                await socket.say(f"42{bare}[{name}]")
                assert "unknown_event" in await socket.hear_until("43" + bare), name

    async def test_forged_events_leave_the_account_as_it_is(self, friends: Friends) -> None:
        phone = await friends.node.connect(friends.tom, "/chat", "/presence")
        for forged in ("connect", "disconnect"):
            await phone.client.emit(forged, ("somebody", {}, {"token": "x"}), namespace="/chat")
            assert (await phone.client.call(forged, namespace="/presence"))["error"]["code"] == "unknown_event"
        await friends.still_talk()
        assert (await phone.ask("chats"))["ok"]

    @pytest.mark.parametrize("name", ["7", "null", "{}", "[]", "true", '["chats"]', '{"chats":1}'])
    async def test_a_name_that_is_no_text_is_an_unknown_event(self, friends: Friends, name: str) -> None:
        async with frames(friends.node.url) as socket:
            await socket.join(friends.ann.token)
            await socket.say(f"42/chat,5[{name},{{}}]")
            assert '"code":"unknown_event"' in await socket.hear_until("43/chat,5")

    @pytest.mark.parametrize("body", ["1", '"text"', "[]", "null", "true", "{},{}", "{},null"])
    async def test_a_body_that_is_not_one_object_is_malformed(self, friends: Friends, body: str) -> None:
        async with frames(friends.node.url) as socket:
            await socket.join(friends.ann.token)
            for number, event in enumerate(("message_send", "sync", "chats", "history"), 1):
                await socket.say(f'42/chat,{number}["{event}",{body}]')
                assert '"code":"malformed"' in await socket.hear_until(f"43/chat,{number}")

    async def test_an_event_without_a_body_is_one_with_an_empty_one(self, friends: Friends) -> None:
        assert (await friends.ann_phone.client.call("chats", namespace="/chat"))["ok"]

    async def test_an_event_to_a_namespace_not_joined_is_refused(self, friends: Friends) -> None:
        async with frames(friends.node.url) as socket:
            await socket.join(friends.ann.token, "/typing")
            await socket.say('42/chat,2["chats",{}]')
            assert '"code":"unauthenticated"' in await socket.hear_until("43/chat,2")
            await socket.say('42["chats",{}]')  # "/" has no namespace at all: silence
            await socket.say("41/nowhere,")
            await socket.say("41/receipts,")
            await socket.join(friends.ann.token, "/receipts")

    @pytest.mark.parametrize(
        "packet",
        ['2/chat,1["chats",{}]', '2["chats",{}]', '2/chat,["chats",{}]', "1/chat,", "3/chat,1[]", '51-/chat,1["x",{}]'],
    )
    async def test_whatever_comes_before_connect_closes_the_line(self, friends: Friends, packet: str) -> None:
        async with frames(friends.node.url) as socket:
            await socket.say("4" + packet)
            assert await socket.ended() == 1002

    async def test_an_event_behind_a_refused_connect_is_refused_too(self, friends: Friends) -> None:
        async with frames(friends.node.url) as socket:
            await refusal_of(socket, "/chat", {"token": "nonsense"})
            await socket.say('42/chat,1["chats",{}]')
            assert '"code":"unauthenticated"' in await socket.hear_until("43/chat,1")
            await socket.join(friends.ann.token)

    @pytest.mark.parametrize("fault", [RuntimeError("secret detail"), KeyError("secret detail"), AssertionError()])
    async def test_a_fault_of_ours_is_acknowledged_without_its_details(
        self, friends: Friends, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, fault: Exception
    ) -> None:
        namespace = sockets_of(friends.node).namespace_handlers["/chat"]
        monkeypatch.setitem(namespace._requests, "chats", Faulty(fault))
        answer = await friends.ann_phone.ask("chats")
        assert answer["ok"] is False
        assert answer["error"]["code"] == "internal"
        assert "secret" not in json.dumps(answer)
        assert "Traceback" not in json.dumps(answer)
        assert any(record.exc_info for record in caplog.records), "the log knows more"

    async def test_an_answer_that_cannot_be_written_is_acknowledged_too(
        self, friends: Friends, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        namespace = sockets_of(friends.node).namespace_handlers["/chat"]
        monkeypatch.setitem(namespace._requests, "chats", Unwritable())
        assert (await friends.ann_phone.ask("chats"))["error"]["code"] == "internal"


class Faulty:
    """A request that fails."""

    def __init__(self, fault: Exception) -> None:
        self.fault = fault

    async def __call__(self, *_: object) -> dict[str, object]:
        raise self.fault


class Unwritable:
    """A request whose answer JSON cannot hold."""

    async def __call__(self, *_: object) -> dict[str, object]:
        return {"number": 2**80, "what": object()}


class TestConnect:
    async def test_the_second_one_replaces_the_first(self, friends: Friends) -> None:
        """A page that connects, leaves and connects again without waiting sends two, and goes by the second answer."""
        sockets = sockets_of(friends.node)
        async with frames(friends.node.url) as socket:
            ids = []
            for _ in range(3):
                await socket.say("40/chat," + json.dumps({"token": friends.ann.token}))
                ids.append(json.loads((await socket.hear_until("40/chat,")).partition(",")[2])["sid"])
            assert len(set(ids)) == 3
            assert [each in sockets.connections._by_sid for each in ids] == [False, False, True]
            await socket.hear_until('42/chat,["ready"')
            await socket.say('42/chat,1["chats",{}]')
            assert '"ok":true' in await socket.hear_until("43/chat,1")
            await friends.still_talk()
            text = friends.tom_phone.told("message_created")[-1]["message"]["id"]
            heard = [await socket.hear_until('42/chat,["message_created"')]
            await socket.say('42/chat,2["chats",{}]')
            while not heard[-1].startswith("43/chat,2"):
                heard.append(await socket.hear())
            assert sum(text in each for each in heard if "message_created" in each) == 1, "once, not once for each"

    async def test_a_second_one_that_is_refused_ends_the_first(self, friends: Friends) -> None:
        async with frames(friends.node.url) as socket:
            await socket.join(friends.ann.token)
            refusal = await refusal_of(socket, "/chat", {"token": "nonsense"})
            assert refusal["data"]["code"] == "unauthenticated"
            await socket.say('42/chat,1["chats",{}]')
            assert '"code":"unauthenticated"' in await socket.hear_until("43/chat,1")

    async def test_leaving_and_coming_back_is_no_second_time(self, friends: Friends) -> None:
        async with frames(friends.node.url) as socket:
            for _ in range(3):
                await socket.join(friends.ann.token)
                await socket.say("41/chat,")

    async def test_an_unknown_namespace_is_refused(self, friends: Friends) -> None:
        async with frames(friends.node.url) as socket:
            for namespace in ("/nowhere", "/admin", "/chat/", "/CHAT", "/" + "x" * 5000, "/*"):
                refusal = await refusal_of(socket, namespace, {"token": friends.ann.token})
                assert refusal["data"] == {"code": "not_found", "retryable": False}, namespace

    async def test_the_root_namespace_is_refused(self, friends: Friends) -> None:
        async with frames(friends.node.url) as socket:
            await socket.say("40" + json.dumps({"token": friends.ann.token}))
            refusal = json.loads((await socket.hear_until("44"))[2:])
            assert refusal["data"] == {"code": "not_found", "retryable": False}

    @pytest.mark.parametrize("namespace", ["/chat", "/presence"])
    async def test_without_a_token_that_can_be_read_it_is_refused(self, friends: Friends, namespace: str) -> None:
        async with frames(friends.node.url) as socket:
            tokens = [{"token": token} for token in (None, 7, "", "a.b.c", ["x"])]
            for credentials in (None, {}, [], "text", 7, *tokens):
                refusal = await refusal_of(socket, namespace, credentials)
                assert refusal["message"], credentials
                assert refusal["data"] == {"code": "unauthenticated", "retryable": False}, credentials

    async def test_a_text_that_is_no_utf16_is_no_token(self, friends: Friends) -> None:
        async with frames(friends.node.url) as socket:
            await socket.say('40/chat,{"token":"\\ud83d.\\ud83d.\\ud83d"}')
            assert '"code":"unauthenticated"' in await socket.hear_until("44/chat,")

    async def test_an_expired_token_is_refused(self, friends: Friends) -> None:
        clock = SystemClock()
        key = load_secret(friends.node.settings).get_secret_value()
        past = datetime.now(UTC) - timedelta(days=2)
        claims = JwtTokens(key, clock).read(friends.ann.token)
        session = Session(claims.session_id, claims.account_id, "", past, past, past + timedelta(days=1))
        async with frames(friends.node.url) as socket:
            refusal = await refusal_of(socket, "/chat", {"token": JwtTokens(key, clock).sign(session)})
            assert refusal["data"]["code"] == "unauthenticated"
            assert "expired" in refusal["message"]

    async def test_a_revoked_session_is_refused(self, friends: Friends) -> None:
        ann = await friends.node.sign_in(friends.ann.number)
        assert (await friends.node.rest("POST", "/auth/logout", ann))[0] == 204
        async with frames(friends.node.url) as socket:
            refusal = await refusal_of(socket, "/chat", {"token": ann.token})
            assert refusal["data"] == {"code": "session_revoked", "retryable": False}

    async def test_only_ones_own_account_may_be_named(self, friends: Friends) -> None:
        token, own = friends.ann.token, friends.ann.number
        async with frames(friends.node.url) as socket:
            for other in (friends.tom.number, int(friends.tom.number), "", "nonsense", [], {}, True, 1.5, -1):
                refusal = await refusal_of(socket, "/chat", {"token": token, "account": other})
                assert refusal["data"]["code"] == "wrong_account", other
            await socket.say("40/chat," + json.dumps({"token": token, "account": int(own)}))
            await socket.hear_until("40/chat,")
        phone = await friends.node.connect(friends.ann, "/chat", account="+" + own)
        assert (await phone.ask("chats"))["ok"]


class TestStrangers:
    @pytest.fixture
    async def strict(self, stores: EmbeddedStores, tmp_path: Path) -> Any:
        async with friends_on_a_node(
            stores, settings_for(tmp_path, sockets={"join_within_s": JOIN_WITHIN_S})
        ) as fixture:
            yield fixture

    async def test_who_joins_nothing_is_closed(self, strict: Friends) -> None:
        polling = await open_polling(strict.node.url)
        async with frames(strict.node.url) as silent, frames(strict.node.url) as refused:
            await refusal_of(refused, "/chat", {"token": "nonsense"})
            assert await silent.ended() == 1008
            assert await refused.ended() == 1008
        assert polling.sid not in sockets_of(strict.node).eio.sockets
        await strict.still_talk()

    async def test_who_leaves_everything_is_closed(self, strict: Friends) -> None:
        async with frames(strict.node.url) as socket:
            await socket.join(strict.ann.token)
            await socket.say("41/chat,")
            assert await socket.ended() == 1008

    async def test_who_is_refused_the_second_time_is_closed(self, strict: Friends) -> None:
        async with frames(strict.node.url) as socket:
            await socket.join(strict.ann.token)
            await refusal_of(socket, "/chat", {"token": "nonsense"})
            assert await socket.ended() == 1008

    async def test_who_joins_stays(self, strict: Friends) -> None:
        async with frames(strict.node.url) as socket:
            await socket.join(strict.ann.token, "/typing")
            await asyncio.sleep(JOIN_WITHIN_S + 0.2)
            await socket.join(strict.ann.token)
        await strict.still_talk()


async def test_a_device_hears_nothing_before_it_is_told_that_it_is_connected(friends: Friends) -> None:
    async def write(phone: Device) -> None:
        for n in range(60):
            body = {"contact": friends.tom.number, "client_id": f"before-{n}", "text": "x"}
            assert (await phone.ask("message_send", body))["ok"]

    writing = asyncio.create_task(write(friends.ann_phone))
    while not writing.done():
        async with frames(friends.node.url) as socket:
            await socket.say("40/chat," + json.dumps({"token": friends.tom.token}))
            assert (await socket.hear()).startswith("40/chat,")
    await writing
