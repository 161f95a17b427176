"""Two people talk in two windows: ticks, typing, edits, deletions, reactions, replies, groups."""

import pytest
from playwright.async_api import expect

from tests.static.browser import Window, Windows
from tests.static.conftest import Numbers
from tests.support.node import Node


async def two_talk(windows: Windows, node: Node, numbers: Numbers) -> tuple[Window, Window]:
    ann, tom = await numbers.sign_in(node, 2)
    await node.befriend(ann, tom)
    ann_window, tom_window = await windows.open(ann, "Ann"), await windows.open(tom, "Tom")
    await ann_window.open_contact(tom.number)
    await tom_window.open_contact(ann.number)
    return ann_window, tom_window


async def test_a_message_shows_each_step_of_its_way(windows: Windows, node: Node, numbers: Numbers) -> None:
    ann, tom = await numbers.sign_in(node, 2)
    await node.befriend(ann, tom)
    ann_window = await windows.open(ann, "Ann")
    await ann_window.open_contact(tom.number)
    await ann_window.write("Are you there?")
    row = ann_window.row("Are you there?")
    await expect(row.get_by_label("Sent", exact=True)).to_be_visible()
    tom_window = await windows.open(tom, "Tom")
    await expect(row.get_by_label("Delivered")).to_be_visible()
    await expect(tom_window.page.locator(".badge", has_text="1 unread")).to_be_attached()
    await tom_window.open_chat(f"+{ann.number}")
    await expect(row.get_by_label("Read")).to_be_visible()
    await expect(tom_window.page.locator(".badge").first).to_have_text("")


async def test_typing_an_edit_a_reaction_a_reply_and_a_deletion_are_seen_at_once(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    ann, tom = await two_talk(windows, node, numbers)
    await ann.write("Helo")
    await expect(tom.row("Helo")).to_be_visible()
    await tom.page.get_by_label("Message", exact=True).press_sequentially("Hi")
    await expect(ann.page.locator(".subtitle", has_text="is typing…")).to_be_visible()
    await tom.page.keyboard.press("Enter")
    await expect(ann.row("Hi")).to_be_visible()
    await expect(ann.page.locator(".subtitle", has_text="is typing…")).to_be_hidden()

    await ann.choose("Helo", "Edit")
    await ann.page.get_by_label("Message", exact=True).fill("Hello")
    await ann.page.keyboard.press("Enter")
    await expect(tom.row("Hello").get_by_text("edited")).to_be_visible()

    await tom.row("Hello").focus()
    await tom.page.keyboard.press("Enter")
    await tom.page.get_by_label("React with 👍").click()
    await expect(ann.row("Hello").locator(".reaction", has_text="👍")).to_be_visible()

    await tom.choose("Hello", "Reply")
    await tom.write("Good to see you")
    await expect(ann.row("Good to see you").locator(".quote", has_text="Hello")).to_be_visible()

    await ann.choose("Hello", "Delete")
    await ann.page.get_by_role("button", name="Delete for everyone").click()
    await expect(tom.page.get_by_text("This message was deleted")).to_be_visible()
    for window in (ann, tom):
        await expect(window.page.locator("li.row .text")).to_have_text(
            ["This message was deleted", "Hi", "Good to see you"]
        )


async def test_a_group_is_made_talked_in_and_left(windows: Windows, node: Node, numbers: Numbers) -> None:
    ann, tom, eve = await numbers.sign_in(node, 3)
    await node.befriend(ann, tom, eve)
    for other, name in ((tom, "Tom"), (eve, "Eve")):
        await node.rest("PATCH", f"/api/contacts/{other.number}/", ann, json={"first_name": name})
    at_ann, at_tom, at_eve = [await windows.open(one) for one in (ann, tom, eve)]

    await at_ann.page.get_by_role("button", name="New", exact=True).click()
    await at_ann.page.get_by_role("menuitem", name="New group").click()
    await at_ann.page.get_by_label("Name of the group").fill("Garden")
    await at_ann.page.get_by_label("Tom").check()
    await at_ann.page.get_by_role("checkbox", name="Eve").check()
    await at_ann.page.get_by_role("button", name="Create group").click()
    await expect(at_ann.page.get_by_role("heading", name="Garden")).to_be_visible()
    await at_ann.write("Who waters on Sunday?")
    for window in (at_tom, at_eve):
        await window.open_chat("Garden")
        await expect(window.row("Who waters on Sunday?").locator(".sender")).to_have_text(f"+{ann.number}")
    await expect(at_ann.row("Who waters").get_by_label("Read")).to_be_visible()
    await at_ann.choose("Who waters", "Message info")
    await expect(at_ann.page.get_by_role("dialog").get_by_role("listitem")).to_have_text(["Eve", "Tom"])
    await at_ann.page.keyboard.press("Escape")

    await at_ann.page.get_by_role("button", name="About this group").click()
    await at_ann.page.get_by_role("button", name="Change name").click()
    await at_ann.page.get_by_role("textbox", name="Name").fill("Kitchen garden")
    await at_ann.page.get_by_role("button", name="Save").click()
    await expect(at_tom.page.get_by_role("heading", name="Kitchen garden")).to_be_visible()
    await at_ann.page.get_by_role("button", name="Actions for Tom").click()
    await at_ann.page.get_by_role("menuitem", name="Make admin").click()
    await expect(at_tom.page.get_by_role("list", name="Messages").get_by_text("made you an admin")).to_be_visible()
    await at_ann.page.get_by_role("button", name="Actions for Eve").click()
    await at_ann.page.get_by_role("menuitem", name="Remove from group").click()
    removal = at_ann.page.get_by_role("dialog", name="Remove Eve from the group?")
    await removal.get_by_role("button", name="Keep in the group").click()
    await expect(at_ann.page.get_by_role("button", name="Actions for Eve")).to_be_visible()
    await at_ann.page.get_by_role("button", name="Actions for Eve").click()
    await at_ann.page.get_by_role("menuitem", name="Remove from group").click()
    await removal.get_by_role("button", name="Remove").click()
    await expect(at_eve.page.get_by_text("You are no longer in this group.")).to_be_visible()

    await at_tom.page.get_by_role("button", name="About this group").click()
    await at_tom.page.get_by_role("button", name="Leave group").click()
    await at_tom.page.get_by_role("dialog").get_by_role("button", name="Leave").click()
    await expect(at_tom.page.get_by_text("You are no longer in this group.")).to_be_visible()
    await at_ann.page.get_by_role("button", name="Back to the conversation").click()
    await expect(at_ann.page.locator(".notice").last).to_contain_text("Tom left")


async def test_a_person_without_a_chat_becomes_one_by_the_first_message(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    ann, tom = await numbers.sign_in(node, 2)
    at_ann, at_tom = await windows.open(ann, "Ann"), await windows.open(tom, "Tom")
    await at_ann.page.get_by_role("link", name="People").click()
    await at_ann.page.get_by_role("button", name="Add contact").click()
    await at_ann.page.get_by_label("Phone number").fill(f"00{tom.number[:2]} {tom.number[2:]}")
    await at_ann.page.get_by_label("First name").fill("Tom")
    await at_ann.page.get_by_role("dialog").get_by_role("button", name="Add").click()
    await expect(at_ann.page.get_by_role("heading", level=1, name="Tom")).to_be_visible()
    await at_ann.write("Hello")
    await at_tom.open_chat(f"+{ann.number}")
    await at_tom.write("Who is this?")
    await expect(at_ann.row("Who is this?")).to_be_visible()


async def test_what_was_missed_is_opened_at_its_beginning(windows: Windows, node: Node, numbers: Numbers) -> None:
    ann, tom = await numbers.sign_in(node, 2)
    await node.befriend(ann, tom)
    phone = await node.connect(ann, "/chat")
    for number in range(90):
        await phone.ask("message_send", {"contact": tom.number, "client_id": str(number), "text": f"line {number}"})
    at_tom = await windows.open(tom, "Tom")
    await at_tom.open_chat(f"+{ann.number}")
    await expect(at_tom.page.locator(".unread-line", has_text="90 unread")).to_be_in_viewport()
    await expect(at_tom.row("line 0")).to_be_in_viewport()
    await at_tom.page.get_by_role("button", name="To the end").click()
    await expect(at_tom.row("line 89")).to_be_in_viewport()
    await expect(at_tom.page.locator(".chat .badge")).to_have_count(0)


async def test_who_is_blocked_is_not_heard_until_unblocked(windows: Windows, node: Node, numbers: Numbers) -> None:
    at_ann, at_tom = await two_talk(windows, node, numbers)
    await at_tom.write("Hello")
    await expect(at_ann.row("Hello")).to_be_visible()
    assert at_tom.person is not None
    name = f"+{at_tom.person.number}"
    await at_ann.page.evaluate("() => { location.hash = '#/contacts'; }")
    person = at_ann.page.locator("li.person")
    await person.get_by_role("button", name=f"Actions for {name}").click()
    await at_ann.page.get_by_role("menuitem", name="Block", exact=True).click()
    await at_ann.page.get_by_role("dialog").get_by_role("button", name="Block").click()
    await expect(person.get_by_text("Blocked")).to_be_visible()
    await at_tom.write("Can you hear me?")
    await expect(at_tom.row("Can you hear me?").get_by_label("Sent", exact=True)).to_be_visible()
    await at_ann.page.evaluate("number => { location.hash = `#/contact/${number}`; }", at_tom.person.number)
    await expect(at_ann.page.get_by_text(f"You blocked {name}.")).to_be_visible()
    await expect(at_ann.page.get_by_label("Message", exact=True)).to_be_hidden()
    await at_ann.page.get_by_role("button", name="Unblock").click()
    await expect(at_ann.page.get_by_label("Message", exact=True)).to_be_focused()
    await at_tom.write("And now?")
    await expect(at_ann.row("And now?")).to_be_visible()
    assert "Can you hear me?" not in await at_ann.texts()


async def test_a_text_that_is_too_long_is_told_before_it_is_sent_and_nothing_of_it_is_lost(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    ann, _ = await two_talk(windows, node, numbers)
    text, counter = ann.page.get_by_label("Message", exact=True), ann.page.locator(".counter")
    pasted = "word " * 4000
    await text.focus()
    await ann.page.keyboard.insert_text(pasted)
    await expect(counter).to_have_text("3,616 characters too many: a message has at most 16,384.")
    await ann.page.keyboard.press("Enter")
    await expect(ann.page.get_by_role("alert")).to_contain_text("was not sent")
    await expect(text).to_have_value(pasted)
    await expect(ann.page.locator("li.row")).to_have_count(0)
    await text.fill(pasted[:16384])
    await expect(counter).to_have_text("0 left")
    await text.press("Enter")
    await expect(ann.page.locator("li.row .tick-stored, li.row .tick-delivered, li.row .tick-read")).to_be_visible()
    await expect(counter).to_have_text("")


@pytest.mark.parametrize(
    ("address", "heading"),
    [
        ("#/chat/123456", "There is no such chat"),
        ("#/group/123456", "There is no such group"),
        ("#/event/123456", "There is no such event"),
        ("#/contact/tom", "There is no such number"),
        ("#/anything", "There is no such page"),
    ],
)
async def test_an_address_that_names_nothing_says_so_and_leads_to_the_chats(
    windows: Windows, node: Node, numbers: Numbers, address: str, heading: str
) -> None:
    (ann,) = await numbers.sign_in(node, 1)
    window = await windows.open(ann, "Ann", viewport={"width": 390, "height": 800})
    window.is_refused = True
    await window.page.evaluate("hash => { location.hash = hash; }", address)
    await expect(window.page.get_by_role("heading", name=heading)).to_be_visible()
    await window.page.get_by_role("link", name="Go to your chats").click()
    await expect(window.page.get_by_role("searchbox", name="Search chats")).to_be_visible()
