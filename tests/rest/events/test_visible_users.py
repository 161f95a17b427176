"""Who finds whom on the events API, what is shown of them, and the pages they are listed in (contract 1.4 and 5)."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from server.embedded import EmbeddedStores
from tests.rest.events.people import People, book, found, is_default, names, one, refused
from tests.support.node import Person, running_node, settings_for

BOTH = pytest.mark.parametrize("prefix", ["", "/api"])


# Who may be found, and what is shown of them.


async def test_a_stranger_is_not_found(people: People) -> None:
    ann, bob = await people.new("Ann"), await people.new("Bob")
    assert await found(people, ann, bob) is None


async def test_who_has_me_as_a_contact_is_found_with_the_email_address(people: People) -> None:
    ann, bob = await people.new("Ann"), await people.new("Bob", "bob@example.org")
    await people.know(bob, ann)
    assert (await found(people, ann, bob) or {})["email"] == "bob@example.org"


async def test_who_has_me_in_the_phone_book_is_found_with_the_email_address(people: People) -> None:
    ann, bob = await people.new("Ann"), await people.new("Bob", "bob@example.org")
    await people.ask(bob, "POST", "/users/from_phone_numbers", json=book("+" + ann.number))
    assert (await found(people, ann, bob) or {})["email"] == "bob@example.org"


async def test_who_is_only_my_contact_is_found_without_the_email_address(people: People) -> None:
    ann, bob, cy = await people.new("Ann"), await people.new("Bob", "bob@example.org"), await people.new("Cy")
    await people.know(ann, bob)
    assert (await found(people, ann, bob) or {})["email"] == ""
    await people.ask(cy, "POST", "/users/from_phone_numbers", json=book("+" + bob.number))
    assert (await found(people, cy, bob) or {})["email"] == ""


async def test_who_has_answered_at_an_event_is_found_from_every_side(people: People) -> None:
    owner, guest = await people.new("Owner", "o@example.org"), await people.new("Guest", "g@example.org")
    other, stranger = await people.new("Other", "x@example.org"), await people.new("Stranger")
    await people.invite(owner, guest, other)
    assert await found(people, guest, owner) is not None
    for viewer, seen in ((owner, guest), (other, guest), (guest, other)):
        assert await found(people, viewer, seen) is None, "being invited is no tie"
    async with people.database() as database:
        everybody = {"invitations.$[].answer": True}
        await database.raw["events"].update_many({"owner": owner.account_id}, {"$set": everybody})
    for viewer, seen in ((guest, owner), (owner, guest), (guest, other), (other, guest)):
        assert (await found(people, viewer, seen) or {})["email"]
    assert await found(people, stranger, owner) is None


async def test_who_blocked_me_is_not_found(people: People) -> None:
    ann, bob = await people.new("Ann"), await people.new("Bob")
    await people.know(ann, bob)
    await people.know(bob, ann)
    await people.invite(bob, ann)
    assert await found(people, ann, bob) is not None
    await people.change(bob, {"blocked": [ann.number]})
    assert await found(people, ann, bob) is None
    assert await found(people, bob, ann) is not None, "the block works in one direction"


async def test_who_is_not_registered_is_not_found(people: People) -> None:
    ann, bob = await people.new("Ann"), await people.new("Bob")
    await people.know(ann, bob)
    await people.change(bob, {"is_registered": False})
    assert await found(people, ann, bob) is None


@pytest.mark.parametrize("privacy", ["none", "contacts", "all"])
@pytest.mark.parametrize("is_contact", [False, True], ids=["stranger", "contact"])
async def test_a_photo_is_shown_by_the_rule_of_the_messaging_api(
    people: People, privacy: str, is_contact: bool
) -> None:
    viewer, owner = await people.new("Viewer"), await people.new("Owner")
    await people.set_photo(owner)
    await people.know(viewer, owner)
    if is_contact:
        await people.know(owner, viewer)
    await people.change(owner, {"privacy.photo": privacy})
    user = await found(people, viewer, owner) or {}
    is_shown = privacy == "all" or (privacy == "contacts" and is_contact)
    assert [is_default(user["photo"]), is_default(user["big_photo"])] == [not is_shown, not is_shown]
    assert not is_default((await people.ask(owner, "GET", one(owner)))[1]["photo"]), "one's own is always shown"


async def test_everybody_is_found_by_everybody_if_a_setting_says_so(stores: EmbeddedStores, tmp_path: Path) -> None:
    async with running_node(stores, settings_for(tmp_path, users={"visible": "all"})) as node:
        people = People(node, stores)
        ann, bob = await people.new("Ann"), await people.new("Bob", "bob@example.org")
        user = await found(people, ann, bob)
        assert (user or {})["email"] == "bob@example.org"
        assert await names(people, ann) == ["Ann", "Bob"]
        await people.change(bob, {"blocked": [ann.number]})
        assert await found(people, ann, bob) is None


# GET /users: the envelope and the pages.


async def test_users_are_listed_by_full_name_in_pages(people: People) -> None:
    ann = await people.new("m")
    friends = [await people.new(name) for name in ("z", "a", "M", "é")]
    await people.change(friends[0], {"full_name": "", "nickname": "b"})
    await people.know(ann, *friends)
    assert await names(people, ann) == ["a", "b", "é", "m", "M"]
    first = f"{people.node.url}/users?per_page=2"
    assert await pages(people, ann, first) == [["a", "b"], ["é", "m"], ["M"]]
    second, third = f"{first}&page=2", f"{first}&page=3"
    for url, previous, following in ((first, None, second), (second, first, third), (third, second, None)):
        shown = (await people.ask(ann, "GET", path_of(url)))[1]
        assert set(shown) == {"count", "next", "previous", "results"}
        assert (shown["count"], shown["previous"], shown["next"]) == (5, previous, following)


async def test_there_is_no_empty_page_behind_the_last_one(people: People) -> None:
    ann, bob = await people.new("Ann"), await people.new("Bob")
    await people.know(ann, bob)
    assert (await people.ask(ann, "GET", "/users?per_page=2"))[1]["next"] is None
    assert refused(await people.ask(ann, "GET", "/users?per_page=2&page=2"), 404, "PageNotFound")


async def pages(people: People, person: Person, url: str | None) -> list[list[str]]:
    """All pages from this one on, as a client follows them."""
    walked = []
    while url is not None:
        status, shown = await people.ask(person, "GET", path_of(url))
        assert status == 200, shown
        walked.append([user["full_name"] for user in shown["results"]])
        url = shown["next"]
    return walked


def path_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


@BOTH
async def test_whoever_knows_nobody_lists_oneself(people: People, prefix: str) -> None:
    ann = await people.new("Ann", "ann@example.org")
    status, shown = await people.ask(ann, "GET", f"{prefix}/users")
    own = (await people.ask(ann, "GET", one(ann)))[1]
    assert (status, shown) == (200, {"count": 1, "next": None, "previous": None, "results": [own]})


@pytest.mark.parametrize("page", ["0", "-1", "2", "x", "1.5", "", "٣", "9" * 40, "1&page=2"])
async def test_a_page_that_there_is_not_is_a_generic_404(people: People, page: str) -> None:
    ann = await people.new("Ann")
    assert refused(await people.ask(ann, "GET", f"/users?page={page}"), 404, "PageNotFound")


@pytest.mark.parametrize("per_page", ["0", "-1", "x", "", "1001", "9" * 40, "1&per_page=2"])
async def test_a_size_that_is_none_is_the_default_and_a_large_one_the_largest(people: People, per_page: str) -> None:
    ann = await people.new("Ann")
    assert await names(people, ann, f"?per_page={per_page}") == ["Ann"]


async def test_a_page_has_30_users_unless_asked_otherwise_and_1000_at_most(people: People) -> None:
    ann = await people.new("Ann")
    created_at = (await people.account(ann)).created_at
    async with people.database() as database:
        first = 10**8
        await database.raw["accounts"].insert_many(
            [
                {
                    "_id": first + n,
                    "phone": f"+{first + n}",
                    "number": str(first + n),
                    "is_registered": True,
                    "created_at": created_at,
                    "full_name": f"friend {n:04}",
                }
                for n in range(1001)
            ]
        )
    numbers = [f"+{first + n}" for n in range(1001)]
    found = (await people.ask(ann, "POST", "/users/from_phone_numbers", json=book(*numbers)))[1]
    assert [each["user"]["full_name"] for each in found] == [f"friend {n:04}" for n in range(1001)]
    assert len(await names(people, ann)) == 30
    assert len(await names(people, ann, "?per_page=1002")) == 1000
    assert await names(people, ann, "?per_page=1000&page=2") == ["friend 0999", "friend 1000"]
