"""Several nodes behind a load balancer, as clients see them: one site."""

import dataclasses
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from server.embedded import EmbeddedStores
from tests.support.javascript_client import javascript_client
from tests.support.node import NAMESPACES, Node, Person, running_node, settings_for
from tests.support.socket_fixture import sign_in_friends

TRANSPORTS = [("websocket",), ("polling",), ("polling", "websocket")]


@dataclass
class Site:
    """Three nodes behind a balancer, and two friends; `first` is one of the nodes."""

    url: str
    nodes: list[Node]
    ann: Person
    tom: Person

    @property
    def first(self) -> Node:
        return self.nodes[0]

    @property
    def anywhere(self) -> Node:
        """The site as clients see it."""
        return dataclasses.replace(self.first, url=self.url)


async def three_nodes(stack: AsyncExitStack, stores: EmbeddedStores, folder: Path) -> tuple[list[Node], Person, Person]:
    """Nodes over one MongoDB and one Redis, and two friends."""
    settings = settings_for(folder)
    nodes = [await stack.enter_async_context(running_node(stores, settings)) for _ in range(3)]
    ann, tom = await sign_in_friends(nodes[0])
    return nodes, ann, tom


async def assert_each_message_arrives_once(site: Site, modules: Path, transports: tuple[str, ...], count: int) -> None:
    """The JavaScript client joins everything through the balancer and writes; both it and a friend hear each message once, in order."""
    tom_phone = await site.anywhere.connect(site.tom)
    async with javascript_client(modules, site.url, *transports) as client:
        for namespace in NAMESPACES:
            joined = await client.call("join", namespace=namespace, auth={"token": site.ann.token})
            assert joined == {"connected": True}
        assert await client.call("upgraded" if len(transports) > 1 else "transport") == transports[-1]
        seqs = []
        for number in range(count):
            body = {"contact": site.tom.number, "client_id": f"{transports}{number}", "text": f"{number}"}
            seqs.append((await client.ask("message_send", body))["message"]["seq"])
        assert [told["message"]["seq"] for told in await client.expect("message_created", count)] == seqs
        assert [told["message"]["seq"] for told in await tom_phone.expect("message_created", count)] == seqs
