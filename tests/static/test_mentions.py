"""Members of a group are mentioned while one writes: chosen from a list, told to whom it concerns, also by what waited without a line."""

from playwright.async_api import Locator, expect

from tests.static.accessibility import assert_accessible
from tests.static.browser import Window, Windows
from tests.static.conftest import Numbers
from tests.static.shots import shoot
from tests.static.test_offline import without_connection
from tests.static.test_unread import act, found, row_of
from tests.support.node import Node, Person


async def in_a_group(node: Node, numbers: Numbers) -> tuple[Person, Person, Person, str]:
    """Ann, who has Tom and Zoë among her contacts, and their group."""
    ann, tom, zoe = await numbers.sign_in(node, 3)
    await node.befriend(ann, tom, zoe)
    for person, name in ((tom, "Tom Ode"), (zoe, "Zoë")):
        await node.rest("PATCH", f"/api/contacts/{person.number}/", ann, json={"first_name": name})
    return ann, tom, zoe, await found(node, ann, tom, zoe)


def field(window: Window) -> Locator:
    return window.page.get_by_label("Message", exact=True)


def option(window: Window, name: str) -> Locator:
    return window.page.get_by_role("listbox", name="Mention a member").get_by_role("option", name=name)


async def open_group(window: Window) -> None:
    """The group, once it is known who is in it."""
    await window.open_chat("Garden")
    await field(window).fill("@")
    await expect(option(window, "Zoë")).to_be_visible()
    await field(window).fill("")


async def mentioned_in(node: Node, person: Person, group: str) -> list[tuple[str, list[str]]]:
    """Each message, with the numbers that it mentions by words in it."""
    status, listed = await node.rest("GET", f"/api/messages/chats/{group}/", person)
    assert status == 200, listed
    messages = [(message["text"], message.get("mentions", [])) for message in listed["messages"]]
    for text, mentions in messages:
        for each in mentions:
            assert text[each["offset"] : each["offset"] + each["length"]] in ("@Tom Ode", "@Zoë")
    return [(text, [each["number"] for each in mentions]) for text, mentions in messages]


async def test_a_member_is_chosen_by_keys_and_sees_that_it_is_meant(
    windows: Windows, node: Node, numbers: Numbers, axe: str
) -> None:
    ann, tom, _, _ = await in_a_group(node, numbers)
    at_ann, at_tom = await windows.open(ann, "Ann"), await windows.open(tom, "Tom")
    await open_group(at_ann)
    text, keys = field(at_ann), at_ann.page.keyboard
    await text.press_sequentially("Hi @")
    await expect(option(at_ann, "Tom Ode")).to_have_attribute("aria-selected", "true")
    await shoot(at_ann, "mention-list")
    await assert_accessible(at_ann.page, axe)
    await keys.press("ArrowDown")
    await expect(option(at_ann, "Zoë")).to_have_attribute("aria-selected", "true")
    chosen = await option(at_ann, "Zoë").get_attribute("id")
    await expect(text).to_have_attribute("aria-activedescendant", str(chosen))
    await keys.press("Escape")
    await expect(option(at_ann, "Zoë")).to_be_hidden()
    await text.press_sequentially("z")  # what was left is not opened again
    await expect(option(at_ann, "Zoë")).to_be_hidden()
    await text.fill("")
    await text.fill("Hi @od")
    await expect(option(at_ann, "Tom Ode")).to_be_visible()
    await keys.press("Enter")
    await expect(text).to_have_value("Hi @Tom Ode ")
    await text.press_sequentially("and @zoe")
    await expect(option(at_ann, "Zoë")).to_be_visible()
    await keys.press("Tab")
    await keys.press("Home")
    await text.press_sequentially("Oh! ")
    await expect(text).to_have_value("Oh! Hi @Tom Ode and @Zoë ")
    await keys.press("Enter")
    mentions = at_ann.row("Oh! Hi").locator(".mention")
    await expect(mentions).to_have_text(["@Tom Ode", "@Zoë"])
    badge = row_of(at_tom, "Garden").locator(".badge")
    await expect(badge).to_contain_text("you are mentioned")
    await at_tom.open_chat("Garden")
    await expect(at_tom.row("Oh! Hi").locator(".mention.is-me")).to_have_text("@Tom Ode")
    await expect(badge).to_have_count(0)
    await shoot(at_tom, "mentioned")


async def test_an_edit_and_a_draft_keep_whom_they_mention(windows: Windows, node: Node, numbers: Numbers) -> None:
    ann, tom, zoe, group = await in_a_group(node, numbers)
    window = await windows.open(ann, "Ann")
    await open_group(window)
    text, keys = field(window), window.page.keyboard
    await text.press_sequentially("@zo")
    await option(window, "Zoë").click()
    await expect(text).to_be_focused()
    await text.press_sequentially("and @tom")
    await option(window, "Tom Ode").click()
    await window.page.evaluate("() => { location.hash = '#/'; }")
    await expect(text).to_have_count(0)
    await window.open_chat("Garden")
    await expect(text).to_have_value("@Zoë and @Tom Ode ")
    await keys.press("Enter")
    row = window.row("@Zoë and")
    await expect(row.locator(".tick-stored, .tick-delivered, .tick-read")).to_be_visible()
    await expect(row.locator(".mention")).to_have_text(["@Zoë", "@Tom Ode"])
    await window.choose("@Zoë and", "Edit")
    await expect(text).to_have_value("@Zoë and @Tom Ode ")
    await keys.press("Home")
    await text.press_sequentially("Not ")
    await keys.press("Delete")  # the first letter of the first mention
    await keys.press("Enter")
    await expect(window.row("Not Zoë and").get_by_text("edited")).to_be_visible()
    await expect(window.row("Not Zoë and").locator(".mention")).to_have_text(["@Tom Ode"])
    assert await mentioned_in(node, zoe, group) == [("Not Zoë and @Tom Ode ", [tom.number])]


async def test_what_waited_mentions_those_who_are_still_members(windows: Windows, node: Node, numbers: Numbers) -> None:
    ann, tom, zoe, group = await in_a_group(node, numbers)
    window = await windows.open(ann, "Ann")
    await open_group(window)
    window.is_cut = True
    async with without_connection(window):
        text = field(window)
        for names in (("Tom Ode",), ("Zoë", "Tom Ode")):
            for name in names:
                await text.press_sequentially(f"@{name[:3]}")
                await option(window, name).click()
            await window.page.keyboard.press("Enter")
        await expect(window.page.locator("li.row.is-waiting .mention")).to_have_text(["@Tom Ode", "@Zoë", "@Tom Ode"])
        await act(node, ann, group, "remove-participant", tom)
    await expect(window.page.locator("li.row.is-waiting")).to_have_count(0)
    assert await mentioned_in(node, zoe, group) == [("@Tom Ode ", []), ("@Zoë @Tom Ode ", [zoe.number])]
    await expect(window.row("@Zoë").locator(".mention")).to_have_text(["@Zoë"])
