"""100,000 messages in one chat: opened at the end, scrolled to the beginning, with a document that stays small."""

import logging
from datetime import UTC, datetime, timedelta

from playwright.async_api import expect

from models.documents.entry import Draft, Message
from models.stores.database import open_database
from models.stores.entry_rows import ENTRIES, entry_row
from server.embedded import EmbeddedStores
from tests.static.browser import Windows
from tests.static.conftest import Numbers
from tests.support.node import Node

log = logging.getLogger(__name__)

MESSAGES = 100_000
NODES_MAX = 1500

# Scrolls up by wheel-sized steps, one per frame, then in leaps; notes the largest document, and for the log the longest frame.
SCROLL = """async ({ steps, leaps }) => {
    const scroller = document.querySelector(".scroller");
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    const seen = { frame: 0, nodes: 0, rows: 0 };
    const frames = [];
    const note = (ms) => {
        frames.push(ms);
        seen.frame = Math.max(seen.frame, ms);
        seen.nodes = Math.max(seen.nodes, document.querySelectorAll("*").length);
        seen.rows = Math.max(seen.rows, document.querySelectorAll("li.row").length);
    };
    let last = await frame();
    for (let step = 0; step < steps; step++) {
        scroller.scrollTop -= 400;
        const now = await frame();
        note(now - last);
        last = now;
    }
    for (let leap = leaps - 1; leap >= 0; leap--) {
        scroller.scrollTop = (scroller.scrollTop * leap) / (leap + 1);
        for (let wait = 0; wait < 6; wait++) {
            const now = await frame();
            note(now - last);
            last = now;
        }
    }
    frames.sort((one, other) => one - other);
    return { ...seen, median: frames[frames.length >> 1], p99: frames[Math.floor(frames.length * 0.99)] };
}"""


# What arrives late keeps its place under the reader's eyes, so whoever leaps faster than the machine has to scroll on.
UP_TO_THE_FIRST = """() => {
    document.querySelector(".scroller").scrollTop = 0;
    return document.querySelector("li.row .bubble > .text")?.textContent.includes("message 1 of all");
}"""


async def fill(node: Node, stores: EmbeddedStores, chat: int, senders: list[tuple[int, str]]) -> None:
    """Rows as the journal writes them; 100,000 sends would take longer than the test."""
    began = datetime.now(UTC) - timedelta(seconds=60 * MESSAGES)
    async with open_database(stores.mongodb_url, node.settings.mongodb.database) as database:
        entries = database.collection(ENTRIES)
        for start in range(2, MESSAGES + 1, 5000):
            rows = []
            for seq in range(start, min(start + 5000, MESSAGES + 1)):
                sender, number = senders[seq // 3 % 2]
                draft = Draft(
                    chat, sender, number, f"seed {seq}", Message(text=f"message {seq} " + "word " * (seq % 23))
                )
                rows.append(entry_row(draft, seq, began + timedelta(minutes=seq)))
            await entries.insert_many(rows)


async def test_it_stays_smooth(windows: Windows, node: Node, stores: EmbeddedStores, numbers: Numbers) -> None:
    ann, tom = await numbers.sign_in(node, 2)
    await node.befriend(ann, tom)
    phone = await node.connect(tom, "/chat", "/receipts")
    sent = await phone.ask("message_send", {"contact": ann.number, "client_id": "1", "text": "message 1 of all"})
    chat = sent["message"]["chat"]
    await phone.client.disconnect()
    await fill(node, stores, chat, [(ann.account_id, ann.number), (tom.account_id, tom.number)])
    device = await node.connect(ann, "/receipts")
    answer = await device.ask("read", {"chat": chat, "seq": MESSAGES}, "/receipts")
    assert answer["ok"], answer

    window = await windows.open(ann, "Ann")
    await window.open_chat(f"+{tom.number}")
    await expect(window.row(f"message {MESSAGES} ")).to_be_in_viewport()
    measured = await window.page.evaluate(SCROLL, {"steps": 200, "leaps": 40})
    log.info("%d messages: %s", MESSAGES, measured)
    await window.page.wait_for_function(UP_TO_THE_FIRST, polling=100, timeout=60_000)
    await expect(window.row("message 1 of all")).to_be_in_viewport()
    assert measured["nodes"] < NODES_MAX

    await window.page.locator("li.row").first.focus()
    await window.page.keyboard.press("End")
    await expect(window.row(f"message {MESSAGES} ")).to_be_in_viewport()
    await window.write("and one more")
    await expect(window.row("and one more")).to_be_in_viewport()


async def test_what_arrives_does_not_move_what_is_being_read(
    windows: Windows, node: Node, stores: EmbeddedStores, numbers: Numbers
) -> None:
    ann, tom = await numbers.sign_in(node, 2)
    await node.befriend(ann, tom)
    phone = await node.connect(tom, "/chat")
    for number in range(120):
        text = f"line {number} " + "long " * (number % 40)
        sent = await phone.ask("message_send", {"contact": ann.number, "client_id": str(number), "text": text})
    window = await windows.open(ann, "Ann")
    await window.open_chat(f"+{tom.number}")
    await window.page.get_by_role("button", name="To the end").click()
    await window.page.mouse.move(600, 400)
    await window.page.mouse.wheel(0, -1500)
    await window.page.wait_for_function(
        "() => { const n = document.querySelector('.scroller'); return n.scrollHeight - n.scrollTop - n.clientHeight > 1000; }"
    )
    place = "() => { const top = document.querySelector('.scroller').getBoundingClientRect().top; const row = [...document.querySelectorAll('li.row')].find((one) => one.getBoundingClientRect().bottom > top + 60); return [row.textContent, Math.round(row.getBoundingClientRect().top)]; }"
    before = await window.page.evaluate(place)
    for number in range(10):
        await phone.ask("message_send", {"contact": ann.number, "client_id": f"n{number}", "text": f"new {number}"})
    await phone.ask("message_edit", {"chat": sent["message"]["chat"], "seq": 120, "text": "longer " * 100})
    await expect(window.page.get_by_role("button", name="To the end, 10 unread")).to_be_visible()
    after = await window.page.evaluate(place)
    assert after[0] == before[0]
    assert abs(after[1] - before[1]) <= 1


async def test_what_is_selected_stays_so_while_other_rows_leave_the_view(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    ann, tom = await numbers.sign_in(node, 2)
    await node.befriend(ann, tom)
    phone = await node.connect(tom, "/chat")
    for number in range(80):
        await phone.ask("message_send", {"contact": ann.number, "client_id": str(number), "text": f"line {number}."})
    window = await windows.open(ann, "Ann")
    await window.open_chat(f"+{tom.number}")
    await window.page.get_by_role("button", name="To the end").click()
    await expect(window.row("line 79.")).to_be_in_viewport()
    await window.page.evaluate("() => { document.querySelector('.scroller').scrollTop -= 1500; }")
    await expect(window.row("line 79.")).to_have_count(0)
    place = "() => { const end = document.querySelector('.scroller').getBoundingClientRect().bottom; const row = [...document.querySelectorAll('li.row')].findLast((one) => one.getBoundingClientRect().bottom < end); getSelection().selectAllChildren(row.querySelector('.bubble > .text')); return document.querySelector('li.row').dataset.seq; }"
    first = await window.page.evaluate(place)
    await window.page.evaluate("() => { document.querySelector('.scroller').scrollTop += 250; }")
    await expect(window.page.locator(f"li.row[data-seq='{first}']")).to_have_count(0)
    selected = await window.page.evaluate("() => String(getSelection())")
    assert selected.startswith("line ")
