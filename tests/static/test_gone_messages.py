"""Messages that disappear: at their time they are gone from the page and from what it keeps, also of a page that was away."""

from datetime import timedelta

from playwright.async_api import expect

from tests.static.app import HOLDS
from tests.static.browser import Windows
from tests.static.conftest import Numbers
from tests.static.shots import shoot
from tests.static.test_events import named
from tests.support.node import Node


async def test_a_message_is_gone_at_its_time_by_the_clock_of_the_device(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    ann, tom = await named(node, numbers, "Ann Lee", "Tom Ode")
    await node.befriend(ann, tom)
    await node.rest("PATCH", f"/api/contacts/{ann.number}/", tom, json={"first_name": "Ann"})
    at_tom = await windows.open(tom, "Tom", is_new=True)
    clock = at_tom.page.clock
    await clock.install()
    await at_tom.page.reload()
    await expect(at_tom.page.locator(".banner.is-online")).to_be_attached()
    device = await node.connect(ann)
    await device.ask("message_send", {"contact": tom.number, "client_id": "hello", "text": "Hello"})
    set_up = await device.ask("chat_expiry_set", {"contact": tom.number, "expires_after_s": 86_400})
    assert set_up["ok"], set_up
    sent = await device.ask("message_send", {"contact": tom.number, "client_id": "a", "text": "canary"})
    assert sent["message"]["expires_at"]
    await at_tom.open_contact(ann.number)
    await expect(at_tom.page.get_by_text("Ann set messages to disappear after 1 day")).to_be_visible()
    await expect(at_tom.row("canary")).to_be_visible()
    await shoot(at_tom, "expiry")
    await clock.fast_forward(timedelta(days=1, minutes=1).total_seconds() * 1000)
    await expect(at_tom.row("canary")).to_have_count(0)
    await expect(at_tom.row("This message was deleted")).to_be_visible()
    await expect(at_tom.page.locator(".chat-text")).to_have_text("Deleted message")
    await at_tom.page.wait_for_function(f"async (text) => !(await ({HOLDS})(text))", arg="canary", timeout=30_000)


async def test_a_chat_has_a_time_for_its_messages_and_is_cleared_for_oneself(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    ann, tom = await named(node, numbers, "Ann Lee", "Tom Ode")
    await node.befriend(ann, tom)
    await node.rest("PATCH", f"/api/contacts/{ann.number}/", tom, json={"first_name": "Ann"})
    await node.rest("PATCH", f"/api/contacts/{tom.number}/", ann, json={"first_name": "Tom"})
    first, second, at_tom = [await windows.open(one, name) for one, name in ((ann, "Ann"), (ann, "Ann"), (tom, "Tom"))]
    await first.open_contact(tom.number)
    await first.write("Stays")
    await at_tom.open_chat("Ann")
    await second.open_chat("Tom")
    await expect(second.row("Stays")).to_be_visible()
    await first.page.get_by_role("button", name="About this person").click()
    await first.page.get_by_label("Disappearing messages").select_option(label="1 week")
    await expect(at_tom.page.locator("li.row.notice")).to_have_text("Ann set messages to disappear after 1 week")
    await shoot(first, "keeping")
    await first.page.get_by_role("button", name="Clear chat…").click()
    await first.page.get_by_role("dialog").get_by_role("button", name="Clear chat").click()
    await expect(second.page.locator("li.row")).to_have_count(0)  # the notice goes, too
    await expect(first.page.locator(".chat-text")).to_have_text("")
    await second.page.reload()
    await at_tom.write("Later")
    await expect(second.row("Later").get_by_role("img", name="Disappears")).to_be_visible()
    await expect(second.row("Stays")).to_have_count(0)
    await expect(at_tom.row("Stays")).to_be_visible()
