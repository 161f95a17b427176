"""Somebody who is no contact is shown by the name they gave themselves, and can be added or blocked where they are met."""

from playwright.async_api import expect

from models.stores.reports import Reports
from server.embedded import EmbeddedStores
from tests.static.accessibility import assert_accessible
from tests.static.browser import Windows
from tests.static.conftest import Numbers
from tests.static.test_events import card_of, create, named, show_guests
from tests.static.test_unread import found, row_of
from tests.support.node import Node, Person
from tests.support.stores import pool


async def writes_to(node: Node, person: Person, other: Person, text: str) -> None:
    """A first message, after which only its sender has the other as a contact."""
    await node.rest("POST", "/api/contacts/add-contact/", person, data={"contact_id": other.number})
    device = await node.connect(person, "/chat")
    sent = await device.ask("message_send", {"contact": other.number, "client_id": "1", "text": text})
    assert sent["ok"], sent


async def test_a_stranger_is_shown_by_their_own_name_and_is_added_with_it(
    windows: Windows, node: Node, numbers: Numbers, axe: str
) -> None:
    ann, tom = await named(node, numbers, "Ann Lee", "Tom Poe")
    at_tom = await windows.open(tom, "Tom Poe")
    await writes_to(node, ann, tom, "Hello Tom")
    row = row_of(at_tom, "Hello Tom")
    await expect(row.locator(".chat-title")).to_have_text("~Ann Lee")
    await expect(row.locator(".avatar")).to_have_text("AL")
    await at_tom.open_chat("~Ann Lee")
    bar = at_tom.page.get_by_label("Not in your contacts")
    await expect(bar).to_contain_text("~Ann Lee is not in your contacts.")
    await expect(at_tom.page.locator(".subtitle")).to_have_text(f"+{ann.number}")
    await assert_accessible(at_tom.page, axe)
    await bar.get_by_role("button", name="Add to contacts").click()
    await expect(at_tom.page.get_by_label("First name")).to_have_value("Ann")
    await expect(at_tom.page.get_by_label("Last name")).to_have_value("Lee")
    await at_tom.page.keyboard.press("Enter")
    await expect(at_tom.page.get_by_role("heading", level=1, name="Ann Lee", exact=True)).to_be_visible()
    await expect(bar).to_be_hidden()
    await at_tom.page.evaluate("location.hash = '#/contacts'")
    await at_tom.page.get_by_role("button", name="Actions for Ann Lee").click()
    await at_tom.page.get_by_role("menuitem", name="Remove").click()
    await at_tom.page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    await expect(row.locator(".chat-title")).to_have_text("~Ann Lee")  # what is no contact any more keeps a name


async def test_a_stranger_is_blocked_in_their_chat(windows: Windows, node: Node, numbers: Numbers) -> None:
    ann, tom = await named(node, numbers, "Ann Lee", "Tom Poe")
    await writes_to(node, ann, tom, "Buy now")
    at_tom = await windows.open(tom, "Tom Poe")
    await at_tom.open_chat("~Ann Lee")
    bar = at_tom.page.get_by_label("Not in your contacts")
    await bar.get_by_role("button", name="Block").click()
    await at_tom.page.get_by_role("dialog").get_by_role("button", name="Block").click()
    await expect(bar).to_be_hidden()
    status, shown = await node.rest("GET", "/api/contacts/blocked-list/", tom)
    assert (status, shown["numbers"]) == (200, [ann.number])


async def test_a_stranger_is_reported_with_what_they_wrote_and_blocked(
    windows: Windows, node: Node, numbers: Numbers, stores: EmbeddedStores, axe: str
) -> None:
    ann, tom = await named(node, numbers, "Ann Lee", "Tom Poe")
    await writes_to(node, ann, tom, "Buy now")
    at_tom = await windows.open(tom, "Tom Poe")
    await at_tom.open_chat("~Ann Lee")
    await expect(at_tom.row("Buy now")).to_be_visible()
    bar = at_tom.page.get_by_label("Not in your contacts")
    await bar.get_by_role("button", name="Report").click()
    dialog = at_tom.page.get_by_role("dialog", name="Report ~Ann Lee")
    await expect(dialog.get_by_label("Block as well")).to_be_checked()
    await expect(dialog.get_by_label("Send the last message along")).to_be_checked()
    await assert_accessible(at_tom.page, axe)
    await dialog.get_by_label("What is wrong?").fill("Advertising")
    await dialog.get_by_role("button", name="Report").click()
    await at_tom.page.get_by_role("dialog", name="Reported").get_by_role("button", name="Close").click()
    await expect(bar).to_be_hidden()
    status, shown = await node.rest("GET", "/api/contacts/blocked-list/", tom)
    assert (status, shown["numbers"]) == (200, [ann.number])
    async with pool.opened(stores.mongodb_url, node.settings.mongodb.database) as database:
        (kept,) = [one for one in await Reports(database).list_newest(1000) if one.reporter == tom.number]
    assert (kept.contact, kept.reason) == (ann.number, "Advertising")
    assert [message.words for message in kept.messages] == ["Buy now"]
    await at_tom.page.evaluate(f"location.hash = '#/person/{ann.number}'")
    await at_tom.page.get_by_role("button", name="Report").click()
    dialog = at_tom.page.get_by_role("dialog", name="Report ~Ann Lee")
    await expect(dialog.get_by_label("What is wrong?")).to_be_visible()
    await expect(dialog.get_by_label("Block as well")).to_have_count(0)


async def test_a_number_without_a_name_has_no_digit_for_a_face(windows: Windows, node: Node, numbers: Numbers) -> None:
    ann, tom = await numbers.sign_in(node, 2)
    await writes_to(node, ann, tom, "Who am I?")
    at_tom = await windows.open(tom, "Tom")
    row = row_of(at_tom, "Who am I?")
    await expect(row.locator(".chat-title")).to_have_text(f"+{ann.number}")
    await expect(row.locator(".avatar")).to_have_text("")
    await expect(row.locator(".avatar svg")).to_be_visible()


async def test_members_of_a_group_and_guests_of_an_event_are_shown_by_their_own_names(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    ann, ben, tom = await named(node, numbers, "Ann Lee", "Ben Ode", "Tom Poe")
    await node.befriend(ann, ben)
    await node.rest("POST", "/api/contacts/add-contact/", ann, data={"contact_id": tom.number})
    at_tom = await windows.open(tom, "Tom Poe")
    group = await found(node, ann, ben, tom)
    device = await node.connect(ben, "/chat")
    sent = await device.ask("message_send", {"group": group, "client_id": "1", "text": "Hello all"})
    assert sent["ok"], sent
    await expect(row_of(at_tom, "Garden").locator(".chat-text")).to_have_text("~Ben Ode: Hello all")
    await at_tom.open_chat("Garden")
    await expect(at_tom.page.locator(".row.notice")).to_contain_text("~Ann Lee made this group with ~Ben Ode and you")
    await expect(at_tom.row("Hello all").locator(".sender")).to_have_text("~Ben Ode")
    await at_tom.page.get_by_role("button", name="About this group").click()
    for name in ("~Ann Lee", "~Ben Ode", "You"):
        await expect(at_tom.page.locator(".person-name", has_text=name)).to_be_visible()
    await create(node, ann, ben, tom)
    await expect(row_of(at_tom, "Dinner").locator(".chat-text")).to_have_text("~Ann Lee invited you")
    await at_tom.open_chat("Dinner")
    await show_guests(card_of(at_tom))
    await expect(at_tom.page.locator(".event-guest", has_text="~Ben Ode")).to_be_visible()
    await expect(at_tom.page.locator(".event-card")).to_contain_text("~Ann Lee invites")
