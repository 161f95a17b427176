"""ETags on both APIs (events contract 1.1): who has an answer already is not sent it again."""

from typing import Any

import pytest

from tests.rest.events.people import People
from tests.support.node import Person


async def ask(people: People, person: Person, path: str, method: str = "GET", **headers: str) -> tuple[int, Any, bytes]:
    sent = {"Authorization": f"Bearer {person.token}", **headers}
    async with people.node.http.request(method, people.node.url + path, headers=sent) as answer:
        return answer.status, answer.headers, await answer.read()


@pytest.mark.parametrize(
    "path", ["/users", "/api/users/ID", "/api/contacts/", "/api/account/privacy-settings/", "/api/"]
)
async def test_an_answer_that_has_not_changed_is_304_without_a_body(people: People, path: str) -> None:
    ann = await people.new("Ann")
    path = path.replace("ID", str(ann.account_id))
    status, headers, body = await ask(people, ann, path)
    assert (status, headers["Cache-Control"]) == (200, "private, no-cache")
    assert body
    tag = headers["ETag"]
    for named in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        status, headers, body = await ask(people, ann, path, **{"If-None-Match": named})
        assert (status, body, headers["ETag"], headers["Cache-Control"]) == (304, b"", tag, "private, no-cache")
    status, headers, _ = await ask(people, ann, path, **{"If-None-Match": '"x"'})
    assert (status, headers["ETag"]) == (200, tag)
    status, headers, body = await ask(people, ann, path, "HEAD")
    assert (status, headers["ETag"], body) == (200, tag, b"")


async def test_an_answer_that_has_changed_has_another_tag(people: People) -> None:
    ann = await people.new("Ann")
    path = f"/users/{ann.account_id}"
    tag = (await ask(people, ann, path))[1]["ETag"]
    await people.ask(ann, "PATCH", path, json={"full_name": "Anna"})
    status, headers, body = await ask(people, ann, path, **{"If-None-Match": tag})
    assert status == 200
    assert headers["ETag"] != tag
    assert b"Anna" in body


async def test_a_tag_of_one_person_s_answer_is_none_of_another_s(people: People) -> None:
    ann, bob = await people.new("Ann"), await people.new("Bob")
    tag = (await ask(people, ann, "/users"))[1]["ETag"]
    assert (await ask(people, bob, "/users", **{"If-None-Match": tag}))[0] == 200


async def test_refusals_and_changes_have_no_tag(people: People) -> None:
    ann = await people.new("Ann")
    answers = [
        await ask(people, ann, "/users/0", **{"If-None-Match": "*"}),
        await ask(people, ann, "/users/remove_avatar", "POST", **{"If-None-Match": "*"}),
        await ask(people, Person("", 0, "x"), "/users", **{"If-None-Match": "*"}),
    ]
    assert [status for status, _, _ in answers] == [404, 200, 401]
    assert not any("ETag" in headers for _, headers, _ in answers)


async def test_a_tag_helps_nobody_without_a_token(people: People) -> None:
    ann = await people.new("Ann")
    tag = (await ask(people, ann, "/users"))[1]["ETag"]
    async with people.node.http.get(people.node.url + "/users", headers={"If-None-Match": tag}) as answer:
        assert answer.status == 401
