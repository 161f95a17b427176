"""A client that sends as fast as it can takes its turns like everybody else, and nothing of it is lost or overtaken."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from handlers.sockets.base import BaseNamespace
from server.embedded import EmbeddedStores
from tests.support.node import running_node, settings_for
from tests.support.raw import TEXT, frames

FRAMES = 20_000
AT_ONCE_MAX = 200  # requests between two turns of anybody else: some 6 ms


def masked(text: str) -> bytes:
    """One short frame; the mask of zeros is a mask, too."""
    data = text.encode()
    return bytes([0x80 | TEXT, 0x80 | len(data)]) + bytes(4) + data


async def test_a_flood_of_short_frames_keeps_nobody_waiting(
    stores: EmbeddedStores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, answer = 0, BaseNamespace.answer

    def counted(self: BaseNamespace, *args: Any) -> Any:
        nonlocal asked
        asked += 1
        return answer(self, *args)

    monkeypatch.setattr(BaseNamespace, "answer", counted)
    async with running_node(stores, settings_for(tmp_path, limits={"enabled": True})) as node:
        ann = await node.sign_in("4930908851")
        async with frames(node.url, limit=2**24) as socket:
            await socket.join(ann.token)
            most, is_over = 0, False

            async def look() -> None:
                nonlocal most
                while not is_over:
                    before = asked
                    await asyncio.sleep(0)
                    most = max(most, asked - before)

            looking = asyncio.create_task(look())
            socket.writer.write(masked('42/chat,["chats",{}]') * FRAMES + masked('42/chat,7["chats",{}]'))
            async with asyncio.timeout(60):
                await socket.hear_until("43/chat,7")
            is_over = True
            await looking
        assert asked > FRAMES
        assert most <= AT_ONCE_MAX, "what is read at once holds thousands"


async def test_what_comes_in_one_piece_is_answered_in_order(stores: EmbeddedStores, tmp_path: Path) -> None:
    async with running_node(stores, settings_for(tmp_path)) as node:
        ann = await node.sign_in("4930908852")
        async with frames(node.url, limit=2**24) as socket:
            await socket.join(ann.token)
            socket.writer.write(b"".join(masked(f'42/chat,{at}["nothing",{{}}]') for at in range(500)))
            async with asyncio.timeout(60):
                answered = [int((await socket.hear_until("43/chat,"))[8:].partition("[")[0]) for _ in range(500)]
        assert answered == list(range(500))
