"""Script in a name, a text, a subject, a link: shown as text, never run."""

from playwright.async_api import expect

from tests.static.browser import Windows
from tests.static.conftest import Numbers
from tests.support.node import Node

SCRIPT = "<img src=x onerror=\"window.hit='markup'\"><script>window.hit='script'</script>"
LINKS = "javascript:window.hit='link' data:text/html,<script>1</script> https://example.org/?q=\"><svg/onload=window.hit='address'>"
BACKWARDS = "\u202egnp.exe"


async def test_it_is_shown_as_it_was_written(windows: Windows, node: Node, numbers: Numbers) -> None:
    ann, tom = await numbers.sign_in(node, 2)
    await node.befriend(ann, tom)
    await node.rest("PATCH", f"/api/contacts/{tom.number}/", ann, json={"first_name": SCRIPT, "last_name": BACKWARDS})
    phone = await node.connect(tom, "/chat")
    _, group = await node.rest(
        "POST", "/api/groups/create-group/", tom, json={"participants": [ann.number], "subject": SCRIPT}
    )
    for number, text in enumerate((SCRIPT, LINKS, "__proto__", "constructor")):
        for to in ({"contact": ann.number}, {"group": group["groupid"]}):
            sent = await phone.ask("message_send", {**to, "client_id": str(number), "text": text})
            assert sent["ok"], sent
    await phone.ask(
        "message_send", {"contact": ann.number, "client_id": "v", "type": "c", "vcard": SCRIPT, "name": SCRIPT}
    )
    await phone.ask(
        "message_send",
        {"contact": ann.number, "client_id": "u", "type": "i", "url": "https://example.org/x.png", "caption": SCRIPT},
    )
    window = await windows.open(ann, SCRIPT)
    page = window.page
    for place in (f"#/contact/{tom.number}", f"#/chat/{sent['message']['chat']}"):
        await page.evaluate("hash => { location.hash = hash; }", place)
        await expect(window.row("<script>window.hit='script'</script>").first).to_be_visible()
        await expect(page.locator("li.row .text").filter(has_text="javascript:window.hit")).to_be_visible()
        links = await page.locator("li.row .text a").evaluate_all(
            "all => all.map(one => [one.protocol, one.host, one.rel])"
        )
        assert {(protocol, host) for protocol, host, _ in links} == {("https:", "example.org")}
        assert all("noopener" in rel for _, _, rel in links)
    await page.get_by_role("button", name="About this group").click()
    await expect(page.get_by_role("heading", level=2)).to_have_text(SCRIPT)
    await page.evaluate("() => { location.hash = '#/settings'; }")
    await expect(page.locator(".hero-name")).to_have_text(SCRIPT)
    assert await page.evaluate("() => window.hit ?? null") is None
    assert await page.locator("#app img[src=x], #app script").count() == 0
