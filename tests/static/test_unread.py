"""What concerns somebody is unread until they see it, as messages are, and counted alike live, after a reload and after an absence."""

from playwright.async_api import Locator, expect

from tests.static.browser import Window, Windows
from tests.static.conftest import Numbers
from tests.static.test_events import create, edit, named
from tests.support.node import Node, Person


def row_of(window: Window, title: str) -> Locator:
    return window.page.get_by_role("navigation", name="Chats").locator("li", has_text=title)


async def expect_unread(window: Window, title: str, count: int, text: str) -> None:
    """The row of a chat, live and after a reload; the title of the page, which counts all chats."""
    for is_reloaded in (False, True):
        if is_reloaded:
            await window.page.reload()
            await expect(window.page.locator(".banner.is-online")).to_be_attached()
        row = row_of(window, title)
        await expect(row.locator(".chat-text")).to_have_text(text)
        await expect(row.locator(".badge")).to_contain_text(f"{count} unread")
        await expect(window.page).to_have_title(f"({count}) Parley")


async def found(node: Node, founder: Person, *others: Person, subject: str = "Garden") -> str:
    body = {"participants": [other.number for other in others], "subject": subject}
    status, group = await node.rest("POST", "/api/groups/create-group/", founder, json=body)
    assert status == 201, group
    name: str = group["groupid"]
    return name


async def act(node: Node, person: Person, group: str, name: str, other: Person) -> None:
    status, shown = await node.rest("POST", f"/api/groups/{group}/{name}/", person, data={"contact": other.number})
    assert status == 200, shown


async def test_an_invitation_to_an_event_is_unread_until_it_is_seen(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    ann, ben = await named(node, numbers, "Ann Lee", "Ben Ode")
    await node.befriend(ann, ben)
    await node.rest("PATCH", f"/api/contacts/{ann.number}/", ben, json={"first_name": "Ann"})
    at_ben = await windows.open(ben, "Ben Ode")
    await create(node, ann, ben)
    await expect_unread(at_ben, "Dinner", 1, "Ann invited you")
    await at_ben.open_chat("Dinner")
    await expect(at_ben.page).to_have_title("Parley")
    await expect(row_of(at_ben, "Dinner").locator(".badge")).to_have_count(0)
    await at_ben.page.evaluate("location.hash = '#/'")
    await at_ben.page.reload()
    await expect(row_of(at_ben, "Dinner").locator(".chat-text")).to_have_text("Ann invited you")
    await expect(row_of(at_ben, "Dinner").locator(".badge")).to_have_count(0)


async def test_what_happens_to_an_event_is_unread_to_whom_it_concerns(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    ann, ben = await named(node, numbers, "Ann Lee", "Ben Ode")
    await node.befriend(ann, ben)
    for reader, other, name in ((ben, ann, "Ann"), (ann, ben, "Ben")):
        await node.rest("PATCH", f"/api/contacts/{other.number}/", reader, json={"first_name": name})
    at_ann, at_ben = await windows.open(ann, "Ann Lee"), await windows.open(ben, "Ben Ode")
    event = await create(node, ann, ben)
    await expect(row_of(at_ben, "Dinner").locator(".badge")).to_contain_text("1 unread")
    await edit(node, ann, event, venue_name="Bar")
    await expect(row_of(at_ben, "Dinner").locator(".badge")).to_contain_text("2 unread")
    await edit(node, ann, event, title="Supper")  # where and when it is stays the same
    await expect_unread(at_ben, "Supper", 2, "Ann changed the place")
    await node.rest("POST", f"/api/events/{event['id']}/accept", ben, json={"rsvp_message": "Yes!"})
    await expect_unread(at_ann, "Supper", 1, "Ben is going: “Yes!”")
    await node.rest("PUT", f"/api/events/{event['id']}/cancel_event", ann)
    await expect_unread(at_ben, "Supper", 3, "Ann cancelled the event")


async def test_a_group_and_a_role_in_it_are_unread_and_what_concerns_others_is_not(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    ann, ben, cem = await named(node, numbers, "Ann Lee", "Ben Ode", "Cem Tan")
    await node.befriend(ann, ben, cem)
    await node.rest("PATCH", f"/api/contacts/{ann.number}/", ben, json={"first_name": "Ann"})
    at_ben = await windows.open(ben, "Ben Ode")
    group = await found(node, ann, ben, cem)
    await expect_unread(at_ben, "Garden", 1, "Ann added you")
    await act(node, ann, group, "promote-participant", cem)
    await act(node, ann, group, "promote-participant", ben)
    await expect_unread(at_ben, "Garden", 2, "Ann made you an admin")
    await act(node, ann, group, "remove-participant", ben)
    await expect(row_of(at_ben, "Garden").locator(".chat-text")).to_have_text("Ann removed you")
    await expect(row_of(at_ben, "Garden").locator(".badge")).to_contain_text("3 unread")
