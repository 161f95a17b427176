"""One's own account: registering, choosing, removing, and the parts of the profile (docs/messaging-api.md, "Accounts")."""

import asyncio
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from models.documents.session import Session
from models.stores.sessions import Sessions
from server.embedded import EmbeddedStores
from tests.rest.messaging.logins import Api, User, last_code, last_sent, new_number
from tests.support.node import Person, running_node, settings_for

ACCOUNT = "/api/account/"
CREATE, SMS, VOICE = ACCOUNT + "create-account/", ACCOUNT + "request-sms-code/", ACCOUNT + "request-voice-code/"
REGISTER, REMOVE = ACCOUNT + "register-code/", ACCOUNT + "remove-account/"
STATUS, NICKNAME = ACCOUNT + "status-message/", ACCOUNT + "nickname/"
PHOTO = ACCOUNT + "profile-photo/"
CONNECTED, PRIVACY = ACCOUNT + "connected-status/", ACCOUNT + "privacy-settings/"


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


def picture() -> BytesIO:
    content = BytesIO()
    Image.new("RGB", (8, 8), "red").save(content, "JPEG")
    content.seek(0)
    return content


async def refusal(user: User, method: str, path: str, **form: Any) -> tuple[int, str]:
    status, shown = await user(method, path, **form)
    assert {"error", "code"} <= set(shown)
    return status, shown["code"]


async def test_creating_an_account_sends_a_code_that_registers_it(api: Api) -> None:
    ann, number = await api.new_user(), new_number()
    status, shown = await ann("POST", CREATE, account=f"+{number[:4]} ({number[4:]})", nickname="Ann 🚚")
    assert (status, shown) == (201, {"id": "code_request", "method": "sms", "length": 6})
    sent = last_sent(api.node, number)
    assert (sent["channel"], len(sent["code"])) == ("sms", 6)
    code = sent["code"]
    status, shown = await ann("POST", REGISTER, code=f"{code[:3]}-{code[3:]}")
    assert status == 200
    assert (shown["account"], shown["registered"]) == (number, True)
    assert not {"pw", "password"} & set(shown)
    assert await ann("GET", NICKNAME) == (200, {"nickname": "Ann 🚚"})


@pytest.mark.parametrize("number", ["", "abc", "49x30", "49²", "+", "1" * 200])
async def test_a_number_that_is_none_is_refused(api: Api, number: str) -> None:
    ann = await api.new_user()
    assert await refusal(ann, "POST", CREATE, account=number) == (400, "malformed")


async def test_a_number_is_added_once(api: Api) -> None:
    number = new_number()
    ann = await api.new_user(number)
    assert await refusal(ann, "POST", CREATE, account=number) == (400, "account_exists")


async def test_a_token_that_a_pin_opened_can_have_no_other_account(api: Api) -> None:
    tom = await api.node.sign_in(new_number())
    status, shown = await api.node.rest("POST", CREATE, tom, data={"account": new_number()})
    assert (status, shown["code"]) == (400, "login_needed")


async def test_a_code_can_be_sent_again_and_spoken(api: Api) -> None:
    ann, number = await api.new_user(), new_number()
    await ann("POST", CREATE, account=number)
    assert await ann("POST", SMS, account=number) == (200, {"id": "code_request", "method": "sms", "length": 6})
    assert await ann("POST", VOICE) == (200, {"id": "code_request", "method": "voice", "length": 6})
    assert last_sent(api.node, number)["channel"] == "voice"
    await ann.prove(number)


@pytest.mark.parametrize("code", [{}, {"code": ""}, {"code": "12a456"}, {"code": "33333³"}])
async def test_a_code_that_is_none_is_malformed(api: Api, code: dict[str, str]) -> None:
    ann = await api.new_user()
    await ann("POST", CREATE, account=new_number())
    assert await refusal(ann, "POST", REGISTER, **code) == (400, "malformed")


async def test_a_wrong_code_is_refused_and_after_five_of_them_the_next_waits(api: Api) -> None:
    ann, number = await api.new_user(), new_number()
    await ann("POST", CREATE, account=number)
    code = last_code(api.node, number)
    for _ in range(5):
        assert await refusal(ann, "POST", REGISTER, code=wrong(code)) == (403, "wrong_pin")
    status, shown = await ann("POST", REGISTER, code=code)
    assert (status, shown["reason"]) == (429, "rate_limited")
    assert 1 <= shown["retry_after"] <= 60
    assert await refusal(ann, "GET", STATUS, account=number) == (400, "account_not_registered")


async def test_a_code_is_sent_once_a_minute_and_what_was_not_sent_is_not_listed(
    stores: EmbeddedStores, tmp_path: Path
) -> None:
    async with running_node(stores, settings_for(tmp_path, limits={"enabled": True})) as node:
        guarded = Api(node, stores)
        ann, tom, number = await guarded.new_user(), await guarded.new_user(), new_number()
        assert (await ann("POST", CREATE, account=number))[0] == 201
        status, shown = await ann("POST", SMS, account=number)
        assert (status, shown["reason"]) == (429, "rate_limited")
        assert 1 <= shown["retry_after"] <= 60
        assert (await tom("POST", CREATE, account=number))[0] == 429
        assert await refusal(tom, "POST", SMS) == (400, "no_account")


# The three selection rules.


async def test_the_oldest_registered_account_is_chosen_and_any_can_be_named_on_every_method(api: Api) -> None:
    pending, first, second, foreign = new_number(), new_number(), new_number(), new_number()
    ann = await api.new_user()
    await ann("POST", CREATE, account=pending)
    await ann.register(first)
    await ann.register(second)
    await api.new_user(foreign)
    await ann("POST", NICKNAME, nickname="one")
    await ann("POST", NICKNAME, nickname="two", account="+" + second)
    assert await ann("GET", NICKNAME) == (200, {"nickname": "one"})
    assert await ann("GET", NICKNAME, query_account=first) == (200, {"nickname": "one"})
    assert await ann("GET", NICKNAME, query_account=second) == (200, {"nickname": "two"})
    assert await ann("GET", NICKNAME, account=second) == (200, {"nickname": "two"})
    assert await ann.json("POST", NICKNAME, {"nickname": "zwei", "account": int(second)}) == (200, {})
    assert await ann("GET", NICKNAME, query_account=second) == (200, {"nickname": "zwei"})
    await ann("POST", "/api/contacts/add-contact/", contact_id=foreign, account=second)
    assert (await ann("PATCH", f"/api/contacts/{foreign}/", first_name="x", account=second))[0] == 200
    assert (await ann("DELETE", f"/api/contacts/{foreign}/"))[0] == 404
    assert (await ann("DELETE", f"/api/contacts/{foreign}/", query_account=second))[0] == 200
    for account in (foreign, new_number(), "nobody"):
        assert await refusal(ann, "GET", NICKNAME, query_account=account) == (400, "wrong_account")
    assert await refusal(ann, "GET", NICKNAME, query_account=first, account=second) == (400, "wrong_account")
    assert await refusal(ann, "GET", NICKNAME, query_account=pending) == (400, "account_not_registered")


async def test_without_an_account_everything_ordinary_is_refused(api: Api) -> None:
    ann = await api.new_user()
    for method, path in (
        ("GET", STATUS),
        ("POST", NICKNAME),
        ("GET", "/api/contacts/"),
        ("POST", SMS),
        ("POST", REMOVE),
    ):
        assert await refusal(ann, method, path) == (400, "no_account")
    status, _ = await ann("GET", "/auth/sessions")
    assert status == 400


async def test_a_code_is_for_the_oldest_number_that_is_not_registered(api: Api) -> None:
    done, pending, later = new_number(), new_number(), new_number()
    ann = await api.new_user(done)
    await ann("POST", CREATE, account=pending)
    await ann("POST", CREATE, account=later)
    before = last_code(api.node, pending)
    await ann("POST", SMS)
    assert last_code(api.node, pending) != before
    status, shown = await ann("POST", REGISTER, code=last_code(api.node, pending))
    assert (status, shown["account"]) == (200, pending)
    status, shown = await ann("POST", REGISTER, code=last_code(api.node, later))
    assert (status, shown["account"]) == (200, later)


async def test_of_several_accounts_the_one_to_remove_is_named(api: Api) -> None:
    first, second = new_number(), new_number()
    ann = await api.new_user(first)
    await ann("POST", CREATE, account=second)
    assert await refusal(ann, "POST", REMOVE) == (400, "account_not_named")
    assert await ann("POST", REMOVE, account=second) == (200, {"removed_account": second})
    assert await ann("POST", REMOVE, feedback="cool") == (200, {"removed_account": first})
    assert await refusal(ann, "POST", REMOVE) == (400, "no_account")


async def test_whoever_proves_a_number_owns_it_and_the_former_owner_is_put_out(api: Api) -> None:
    number, spare = new_number(), new_number()
    ann, tom = await api.new_user(number, spare), await api.new_user()
    device = await api.node.connect(ann.person(), account=number)
    gone = asyncio.Event()
    device.client.on("disconnect", lambda *_: gone.set(), namespace="/chat")
    assert (await tom("POST", CREATE, account=number))[0] == 201
    assert (await ann("GET", STATUS, account=number))[0] == 200, "to name a number takes it from nobody"
    await tom.prove(number)
    assert (await tom("GET", STATUS, account=number))[0] == 200
    assert await refusal(ann, "GET", STATUS, account=number) == (400, "account_not_registered")
    async with asyncio.timeout(30):
        await gone.wait()
    back = await api.node.connect(ann.person())
    assert (await back.expect("ready"))[0]["account"]["number"] == spare
    assert await tom("POST", REMOVE, account=number) == (200, {"removed_account": number})
    await ann("POST", SMS, account=number)
    await ann.prove(number)
    assert (await ann("GET", STATUS, account=number))[0] == 200


async def test_two_logins_that_prove_a_number_at_once_leave_one_owner(api: Api) -> None:
    number = new_number()
    people = [await api.new_user() for _ in range(3)]
    codes = []
    for person in people:
        await person("POST", CREATE, account=number)
        codes.append(last_code(api.node, number))
    proofs = (person("POST", REGISTER, code=code) for person, code in zip(people, codes, strict=True))
    answers = await asyncio.gather(*proofs)
    assert [status for status, _ in answers] == [200, 200, 200]
    owners = [person for person in people if (await person("GET", STATUS))[0] == 200]
    assert len(owners) == 1


async def test_a_pin_takes_an_account_from_no_login(api: Api) -> None:
    number = new_number()
    ann = await api.new_user(number)
    person = await api.node.sign_in(number)
    assert (await ann("GET", STATUS))[0] == 200
    assert (await api.node.rest("GET", STATUS, person))[0] == 200


async def test_an_uploads_form_names_the_account_as_well(api: Api) -> None:
    first, second = new_number(), new_number()
    ann = await api.new_user(first, second)
    form = {"account": second, "photo": picture()}
    assert (await api.node.rest("POST", PHOTO, ann.person(), data=form))[0] == 200
    headers = {"Authorization": f"Bearer {ann.access}"}
    for number, expected in ((first, 404), (second, 200)):
        async with api.node.http.get(api.node.url + PHOTO, params={"account": number}, headers=headers) as answer:
            assert answer.status == expected
    status, shown = await api.node.rest("POST", PHOTO, ann.person(), data={"account": new_number(), "photo": picture()})
    assert (status, shown["code"]) == (400, "wrong_account")


# Removal.


@pytest.mark.parametrize("by", ["login", "pin"])
async def test_a_removed_account_is_gone_for_others_and_what_was_said_stays(api: Api, by: str) -> None:
    node, number = api.node, new_number()
    ann, tom = await api.new_user(number), await node.sign_in(new_number())
    pin = await node.sign_in(number)
    await node.befriend(pin, tom)
    await ann("POST", STATUS, status_message="bye")
    assert (await node.rest("POST", PHOTO, pin, data={"photo": picture()}))[0] == 200
    ann_phone, tom_phone = await node.connect(pin), await node.connect(tom)
    login_phone = await node.connect(ann.person(), "/chat")
    sent = await ann_phone.ask("message_send", {"contact": tom.number, "client_id": "1", "text": "hello"})
    await tom_phone.ask("message_send", {"contact": number, "client_id": "2", "text": "hi"})
    chat = sent["message"]["chat"]
    group = await _found_group(api, pin, tom)
    gone, login_gone = asyncio.Event(), asyncio.Event()
    ann_phone.client.on("disconnect", lambda *_: gone.set(), namespace="/chat")
    login_phone.client.on("disconnect", lambda *_: login_gone.set(), namespace="/chat")

    if by == "login":
        assert (await ann("POST", REMOVE, account=number))[0] == 200
    else:
        assert (await node.rest("POST", REMOVE, pin, data={"feedback": "cool"}))[0] == 200

    async with asyncio.timeout(30):
        await gone.wait()
        await login_gone.wait()
    assert (await node.rest("GET", STATUS, pin))[0] == 401
    assert await refusal(ann, "GET", STATUS) == (400, "no_account")
    assert (await node.rest("GET", f"/api/contacts/{number}/", tom))[1]["exists"] is False
    refused = await tom_phone.ask("message_send", {"contact": number, "client_id": "3", "text": "there?"})
    assert refused["error"]["code"] == "not_a_contact"
    history = await tom_phone.ask("history", {"chat": chat})
    assert [entry["text"] for entry in history["entries"]] == ["hello", "hi"]
    _, info = await node.rest("GET", f"/api/groups/{group}/info/", tom)
    assert (info["participants"], info["admins"]) == ([tom.number], [tom.number])

    # Whoever has the number next begins anew.
    heir = await node.sign_in(number)
    assert await node.rest("GET", STATUS, heir) == (200, {"status_message": None})
    assert await node.rest("GET", "/api/contacts/", heir) == (200, [])
    assert (await node.rest("GET", PHOTO, heir))[0] == 404
    _, shown = await node.rest("GET", f"/api/contacts/{number}/photo-history-urls/", tom)
    assert shown["photo_urls"] == []
    _, shown = await node.rest("GET", f"/api/contacts/{number}/status-message-history/", tom)
    assert shown["values"] == []
    heir_phone = await node.connect(heir)
    assert (await heir_phone.expect("ready"))[0]["chats"] == []
    assert (await heir_phone.ask("history", {"chat": chat})).get("entries", []) == []
    synced = await heir_phone.ask("sync", {"cursors": {str(chat): 0}})
    assert [entry for each in synced["chats"] for entry in each.get("entries", ())] == []
    await tom_phone.ask("message_send", {"contact": number, "client_id": "4", "text": "welcome"})
    (heard,) = await heir_phone.expect("message_created")
    assert heard["message"]["text"] == "welcome"
    assert heard["message"]["chat"] != chat
    history = await heir_phone.ask("history", {"chat": heard["message"]["chat"]})
    assert [entry["text"] for entry in history["entries"]] == ["welcome"]


async def _found_group(api: Api, founder: Person, *others: Person) -> str:
    body = {"subject": "us", "participants": [other.number for other in others]}
    status, shown = await api.node.rest("POST", "/api/groups/create-group/", founder, json=body)
    assert status == 201, shown
    group: str = shown["groupid"]
    return group


async def test_to_remove_a_number_that_was_only_named_leaves_its_owner_alone(api: Api) -> None:
    number = new_number()
    owner, other = await api.new_user(number), await api.new_user()
    await other("POST", CREATE, account=number)
    assert await other("POST", REMOVE) == (200, {"removed_account": number})
    assert (await owner("GET", STATUS))[0] == 200


# The parts of the profile.


@pytest.fixture(scope="module")
async def ann(api: Api) -> User:
    return await api.new_user(new_number())


async def test_the_status_message(ann: User) -> None:
    assert await ann("GET", STATUS) == (200, {"status_message": None})
    assert await ann("POST", STATUS, status_message="😍" * 256) == (200, {"status_message": "😍" * 256})
    assert await ann("GET", STATUS) == (200, {"status_message": "😍" * 256})
    assert await refusal(ann, "POST", STATUS) == (400, "malformed")
    assert await refusal(ann, "POST", STATUS, status_message="") == (400, "malformed")
    assert await refusal(ann, "POST", STATUS, status_message="x" * 257) == (400, "too_long")
    assert await ann("GET", STATUS) == (200, {"status_message": "😍" * 256})


async def test_the_nickname(ann: User) -> None:
    assert await ann("GET", NICKNAME) == (200, {"nickname": None})
    assert await ann("POST", NICKNAME, nickname="🚚🚎MyNick🚒") == (200, {})
    assert await ann("GET", NICKNAME) == (200, {"nickname": "🚚🚎MyNick🚒"})
    assert await refusal(ann, "POST", NICKNAME) == (400, "malformed")
    assert await refusal(ann, "POST", NICKNAME, nickname="x" * 257) == (400, "too_long")
    assert await ann("POST", NICKNAME, nickname="") == (200, {})
    assert await ann("GET", NICKNAME) == (200, {"nickname": None})


async def test_privacy_is_set_as_a_whole_or_not_at_all(ann: User) -> None:
    everything = {"status_message": "all", "photo": "all", "last_seen": "all", "read_receipts": "all"}
    assert await ann("GET", PRIVACY) == (200, everything)
    changed = {"photo": "contacts", "status_message": "none"}
    assert await ann("POST", PRIVACY, **changed) == (200, changed)
    assert await ann("GET", PRIVACY) == (200, everything | changed)
    for bad in ({}, {"photo": ""}, {"photo": "everybody"}, {"last_seen": "none", "photo": "x"}, {"other": "all"}):
        assert await refusal(ann, "POST", PRIVACY, **bad) == (400, "malformed")
    assert await refusal(ann, "POST", PRIVACY, last_seen="none", photo="") == (400, "malformed")
    assert await ann("GET", PRIVACY) == (200, everything | changed)


async def test_the_connected_status_stays_until_it_is_changed(ann: User) -> None:
    assert await ann("GET", CONNECTED) == (200, {"connected_status": "offline"})
    for status in ("online", "online", "offline", "online"):
        assert await ann("POST", CONNECTED, connected_status=status) == (200, {})
        assert await ann("GET", CONNECTED) == (200, {"connected_status": status})
    for form in ({}, {"connected_status": ""}, {"connected_status": "away"}):
        assert await refusal(ann, "POST", CONNECTED, **form) == (400, "malformed")


@pytest.mark.parametrize("path", [CREATE, SMS, VOICE, REGISTER, REMOVE, STATUS, NICKNAME, CONNECTED, PRIVACY])
async def test_without_a_token_everything_is_shut_with_and_without_a_slash(api: Api, path: str) -> None:
    for spelling in (path, path.rstrip("/")):
        async with api.node.http.post(api.node.url + spelling) as answer:
            assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, 'Bearer realm="api"')


async def test_who_signs_in_while_the_account_is_removed_has_an_account_afterwards(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    node, number = api.node, new_number()
    first, tom = await node.sign_in(number), await node.sign_in(new_number())
    await node.befriend(tom, first)
    append = Sessions.append

    async def append_late(sessions: Sessions, session: Session) -> None:
        monkeypatch.undo()
        assert (await node.rest("POST", REMOVE, first))[0] == 200
        await append(sessions, session)

    monkeypatch.setattr(Sessions, "append", append_late)
    second = await node.sign_in(number)
    assert (await node.rest("GET", STATUS, second))[0] == 200
    assert (await node.rest("GET", f"/api/contacts/{number}/", tom))[1]["exists"] is True
