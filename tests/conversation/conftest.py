"""One node for all conversations; everybody in them is new."""

from collections.abc import AsyncIterator

import pytest

from models.services.chats import receipts
from server.embedded import EmbeddedStores
from tests.conversation.talk import RECEIPTS_MAX_MEMBERS, TYPING_EXPIRES_S, friends, phones, say
from tests.support.node import Device, Node, running_node, settings_for
from tests.support.parts import Parts, parts_of


@pytest.fixture(scope="package")
async def node(stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Node]:
    """What ends by itself ends soon here, but not before a busy machine has done what a test does meanwhile."""
    settings = settings_for(
        tmp_path_factory.mktemp("node"),
        typing={"expires_s": TYPING_EXPIRES_S},
        presence={"grace_s": 3.0},
        chat={"receipts_max_members": RECEIPTS_MAX_MEMBERS},
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(receipts, "TELL_EVERY_S", 0.2)
        async with running_node(stores, settings) as running:
            yield running


@pytest.fixture
def parts(node: Node) -> Parts:
    return parts_of(node)


@pytest.fixture(scope="module")
async def written(node: Node) -> tuple[Device, int]:
    """A device of somebody who has written one message, and its chat: for requests that are refused, and so change nothing."""
    ann, tom = await friends(node, 2)
    (phone,) = await phones(node, ann)
    return phone, (await say(phone, contact=tom.number))["chat"]
