"""What the socket tests share: a node with two friends on it, who must go on talking whatever others send."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count

from server.config import Settings
from server.embedded import EmbeddedStores
from server.sockets.server import SocketServer
from server.wiring.namespaces import SOCKET_SERVER
from tests.support.node import Device, Node, Person, running_node

_NUMBERS = count(4930100000)


@dataclass
class Friends:
    """Ann and Tom: contacts of each other, with a phone each, signed in on one node."""

    node: Node
    ann: Person
    tom: Person
    ann_phone: Device
    tom_phone: Device
    said: int = 0

    @property
    def chat(self) -> int:
        chat: int = self.tom_phone.told("message_created")[0]["message"]["chat"]
        return chat

    async def still_talk(self) -> None:
        """Ann writes, and Tom hears it."""
        self.said += 1
        text = f"still here {self.said}"
        answer = await self.ann_phone.ask(
            "message_send", {"contact": self.tom.number, "client_id": f"still-{self.said}", "text": text}
        )
        assert answer["ok"], answer
        heard = await self.tom_phone.expect("message_created", answer["message"]["seq"])
        assert heard[-1]["message"] == answer["message"]


async def sign_in_friends(node: Node) -> tuple[Person, Person]:
    ann, tom = await node.sign_in(str(next(_NUMBERS))), await node.sign_in(str(next(_NUMBERS)))
    await node.befriend(ann, tom)
    return ann, tom


@asynccontextmanager
async def friends_on_a_node(stores: EmbeddedStores, settings: Settings) -> AsyncIterator[Friends]:
    async with running_node(stores, settings) as node:
        ann, tom = await sign_in_friends(node)
        friends = Friends(node, ann, tom, await node.connect(ann, "/chat"), await node.connect(tom, "/chat"))
        await friends.still_talk()
        yield friends


async def until(is_so: Callable[[], object | Awaitable[object]], within_s: float = 30.0) -> None:
    """Wait for what nobody announces: the end of something inside of the server.

    Raises TimeoutError after `within_s` seconds, with the words of what it waited for.
    """
    try:
        async with asyncio.timeout(within_s):
            while True:
                found = is_so()
                if await found if inspect.isawaitable(found) else found:
                    return
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise TimeoutError(f"it was not so within {within_s:g} s: {_words_of(is_so)}") from None


def _words_of(is_so: Callable[..., object]) -> str:
    """Returns a condition as the test has it, and where that is."""
    code = is_so.__code__
    text = " ".join(inspect.getsource(is_so).split())
    return f"{text} ({code.co_filename}:{code.co_firstlineno})"


def sockets_of(node: Node) -> SocketServer:
    """The socket server inside a running node, to look at what it holds."""
    return node.runner.app[SOCKET_SERVER]
