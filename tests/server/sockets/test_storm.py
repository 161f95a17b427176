"""A crowd that comes back at once: let into `/chat` at a bounded rate, told when to come back, and in the end all are there."""

import asyncio
import json
from contextlib import AsyncExitStack
from pathlib import Path

from server.embedded import EmbeddedStores
from tests.support import raw
from tests.support.node import running_node, settings_for
from tests.support.socket_fixture import sign_in_friends

CROWD = 60
PER_S = 10


async def test_all_of_a_crowd_get_in_at_the_rate_whoever_is_put_off_being_told_until_when(
    stores: EmbeddedStores, tmp_path: Path
) -> None:
    settings = settings_for(tmp_path, sockets={"joins_per_s": PER_S, "join_waits_s": 1})
    loop = asyncio.get_running_loop()
    put_off: list[int] = []
    async with running_node(stores, settings) as node:
        ann, _ = await sign_in_friends(node)

        async def come(line: raw.Frames) -> float:
            while True:
                await line.say("40/chat," + json.dumps({"token": ann.token}))
                answer = await line.hear_until("4")
                if answer.startswith("40/chat,"):
                    moment = loop.time()
                    await line.hear_until('42/chat,["ready"')
                    return moment
                refusal = json.loads(answer.removeprefix("44/chat,"))
                data = refusal["data"]
                assert refusal["message"]
                assert (data["code"], data["retryable"]) == ("unavailable", True)
                put_off.append(data["retry_after_ms"])
                await asyncio.sleep(data["retry_after_ms"] / 1000)

        async with AsyncExitStack() as stack:
            # They are at the door already, so that also on a slow machine more come at once than there is room for.
            crowd = [await stack.enter_async_context(raw.frames(node.url)) for _ in range(CROWD)]
            started = loop.time()
            moments = sorted(await asyncio.gather(*map(come, crowd)))
    assert put_off
    assert max(put_off) - min(put_off) >= 900, "not all at the same time"
    assert len(moments) == CROWD
    assert all(moment - started >= (number - PER_S) / PER_S - 0.1 for number, moment in enumerate(moments))


async def test_the_other_namespaces_and_strangers_take_nobodys_turn(stores: EmbeddedStores, tmp_path: Path) -> None:
    settings = settings_for(tmp_path, sockets={"joins_per_s": 1, "join_waits_s": 1})
    async with running_node(stores, settings) as node:
        ann, _ = await sign_in_friends(node)
        for _ in range(5):
            async with raw.frames(node.url) as line:
                await line.say("40/chat," + json.dumps({"token": "nobody's"}))
                assert '"unauthenticated"' in await line.hear_until("44/chat,")
        async with raw.frames(node.url) as line:
            for namespace in ("/typing", "/presence", "/receipts", "/events", "/chat"):
                await line.join(ann.token, namespace)
