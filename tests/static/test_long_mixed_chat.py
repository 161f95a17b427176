"""5,000 messages of all kinds with pictures: scrolled from end to end, no row ever lies on another, and no task takes long."""

import json
import logging
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from models.documents.entry import Draft, Message
from models.stores.database import open_database
from models.stores.entry_rows import ENTRIES, entry_row
from server.embedded import EmbeddedStores
from tests.static.browser import Windows
from tests.static.chats_with_files import ChatWithFiles, chat_with_files
from tests.static.conftest import Numbers
from tests.static.test_pictures_in_chats import SIZES, WATCH
from tests.support.node import Node
from tests.support.sounds import tone

log = logging.getLogger(__name__)

MESSAGES = 5000
TASK_MAX_MS, COLLECTION_MAX_MS = 50, 50
CARD = "BEGIN:VCARD\r\nFN:Ada Lovelace {place}\r\nTEL:+49 30 90182{place}\r\nTEL:+49 30 90183{place}\r\nEND:VCARD"
TRACED = ["devtools.timeline", "disabled-by-default-devtools.timeline"]
# Up so far at a time that each row is drawn. What comes late keeps its place, so what is not loaded yet is waited for: but not forever.
SCROLL = """async () => {
    const scroller = document.querySelector(".scroller");
    const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done))); // as a wheel does: not while the page draws
    const until = performance.now() + 150_000;
    const isDrawn = () => {
        const edge = scroller.getBoundingClientRect().top;
        return [...document.querySelectorAll("li.row")].some((row) => row.getBoundingClientRect().top <= edge + 20 && row.getBoundingClientRect().bottom >= edge - 20);
    };
    let steps = 0;
    while (performance.now() < until) {
        await frame();
        if (!isDrawn() && scroller.scrollTop > 0) continue;
        if (document.querySelector("li.row[data-seq='1']") && scroller.scrollTop === 0) return { steps, isThere: true };
        scroller.scrollTop -= 1200; // rows are drawn 500 px beyond either end of what is seen
        steps += 1;
    }
    return { steps, isThere: false };
}"""


@pytest.fixture
async def chat(node: Node, numbers: Numbers) -> ChatWithFiles:
    return await chat_with_files(node, numbers)


def mixed(photos: list[tuple[str, tuple[int, int]]], sound: str) -> Iterator[Message]:
    """Messages of all kinds: every third one is a photo, every other one of these without its size."""
    chance = random.Random(16)
    for place in range(MESSAGES):
        url, (width, height) = chance.choice(photos)
        caption = "word " * chance.choice([0, 0, 3, 30]) or None
        kind = chance.choice("iiiittttvsalc")
        match kind:
            case "i" | "v":
                has_size = chance.random() < 0.7
                size = {"width": width, "height": height} if has_size else {}
                yield Message(kind, url=url, caption=caption, **size)  # type: ignore[arg-type]
            case "s" | "a":
                yield Message(kind, url=sound)
            case "l":
                yield Message("l", latitude=52.5, longitude=13.4, caption=caption)
            case "c":
                yield Message("c", vcard=CARD.format(place=place))
            case _:
                yield Message(text=f"message {place + 2} " + "word " * chance.randrange(60))


async def fill(node: Node, stores: EmbeddedStores, chat: ChatWithFiles, messages: Iterator[Message], first: int) -> int:
    """Write rows as the journal writes them, and return the number of the last one."""
    began = datetime.now(UTC) - timedelta(minutes=2 * MESSAGES)
    senders = [(chat.ann.account_id, chat.ann.number), (chat.tom.account_id, chat.tom.number)]
    rows = []
    for seq, message in enumerate(messages, first):
        draft = Draft(chat.chat, *senders[seq // 3 % 2], f"seed {seq}", message)
        rows.append(entry_row(draft, seq, began + timedelta(minutes=seq)))
    async with open_database(stores.mongodb_url, node.settings.mongodb.database) as database:
        await database.collection(ENTRIES).insert_many(rows)
    return first + len(rows) - 1


def own_work(trace: list[dict[str, Any]]) -> list[float]:
    """Milliseconds of the processor that each task took in which code of the page ran; longest first."""
    calls = [
        each
        for each in trace
        if each["name"] == "FunctionCall" and "/static/" in each["args"].get("data", {}).get("url", "")
    ]
    threads = {(each["pid"], each["tid"]) for each in calls}
    tasks = [each for each in trace if each["name"] == "RunTask" and (each["pid"], each["tid"]) in threads]
    tasks.sort(key=lambda each: float(each["ts"]))
    calls.sort(key=lambda each: float(each["ts"]))
    found = []
    place = 0
    for task in tasks:
        end = task["ts"] + task.get("dur", 0)
        work, covered = 0.0, 0.0
        while place < len(calls) and calls[place]["ts"] <= end:
            call = calls[place]
            place += 1
            if call["ts"] < max(task["ts"], covered):  # within a call that is counted
                continue
            work += call.get("tdur", 0)
            covered = call["ts"] + call.get("dur", 0)
        found.append(work / 1000)
    return sorted(found, reverse=True)


async def test_no_row_lies_on_another_and_no_task_takes_long(
    windows: Windows, node: Node, stores: EmbeddedStores, browser: Browser, chat: ChatWithFiles
) -> None:
    photos = [(await chat.photo(size, caption="seed"), size) for size in SIZES]
    sound = await chat.upload("voice", tone(1), "voice.wav")
    last = await chat.say("before them all")
    seq = await fill(node, stores, chat, mixed(photos, sound), last["seq"] + 1)
    device = await node.connect(chat.ann, "/receipts")
    answer = await device.ask("read", {"chat": chat.chat, "seq": seq}, "/receipts")
    assert answer["ok"], answer
    window = await windows.open(chat.ann, "Ann", reduced_motion="reduce")
    await chat.show(window)
    await expect(window.page.locator(f"li.row[data-seq='{seq}']")).to_be_in_viewport()
    await window.page.evaluate(WATCH)
    await browser.start_tracing(page=window.page, categories=TRACED)
    scrolled = await window.page.evaluate(SCROLL)
    trace = json.loads(await browser.stop_tracing())["traceEvents"]
    seen = await window.page.evaluate("() => ({ ...window.seen, heights: null, tops: null })")
    work = own_work(trace)
    log.warning("%d messages: %s, longest tasks %s", MESSAGES, scrolled, work[:8])
    assert scrolled["isThere"]
    assert seen["overlap"] <= 1, seen["where"]
    assert seen["frames"] > scrolled["steps"] / 2
    assert len(work) > 100
    # One of them may hold a full collection of garbage, which is no work of the page's own.
    assert work[1] < TASK_MAX_MS
    assert work[0] < TASK_MAX_MS + COLLECTION_MAX_MS
