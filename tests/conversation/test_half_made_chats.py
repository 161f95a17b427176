"""A direct chat whose maker crashed before both its members were stored is completed by the next message to the number."""

import pytest

from models.stores.chat_rows import MEMBERS, member_key
from tests.conversation.talk import answered, friends, hear, phones, say
from tests.support.node import Node
from tests.support.parts import Parts, services_of


@pytest.mark.parametrize("is_cached", [True, False])
async def test_a_message_reaches_a_peer_who_was_no_member_yet(node: Node, parts: Parts, is_cached: bool) -> None:
    ann, tom = await friends(node, 2)
    anns_phone, toms_phone = await phones(node, ann, tom)
    for text in ("first", "before"):  # the second one finds the chat of the first, and caches it
        chat_id = (await say(anns_phone, text, contact=tom.number))["chat"]
        await hear(toms_phone, text)
    await parts.database.collection(MEMBERS).delete_one({"_id": member_key(chat_id, tom.account_id)})
    services_of(node).log.memberships.forget(chat_id)
    if is_cached:
        await answered(anns_phone, "typing_stop", {"chat": chat_id}, "/typing")  # loads its members
    await say(anns_phone, "behind", contact=tom.number)
    await hear(toms_phone, "behind")
