"""Who may do something no longer may do so for a bounded time through a node that has not heard of it, and not a moment longer."""

import asyncio
from pathlib import Path

from server.embedded import EmbeddedStores
from tests.conversation.talk import friends, say
from tests.support.node import running_node, settings_for
from tests.support.parts import deafen, parts_of

CACHE_TTL_S = 2.0


async def test_an_admin_who_is_none_any_more_cannot_delete_what_others_wrote_by_a_node_that_has_not_heard(
    stores: EmbeddedStores, tmp_path: Path
) -> None:
    settings = settings_for(tmp_path, nodes={"cache_ttl_s": CACHE_TTL_S})
    async with running_node(stores, settings) as deaf, running_node(stores, settings) as other:
        ann, tom = await friends(deaf, 2)
        group = await parts_of(deaf).found_group(ann, tom)
        path = f"/api/groups/{group.group}"
        answer = await deaf.rest("POST", f"{path}/promote-participant/", ann, json={"contact": tom.number})
        assert answer[0] == 200, answer
        anns, toms = await deaf.connect(ann), await deaf.connect(tom)
        messages = [await say(anns, f"No. {n}", chat=group.id) for n in range(3)]
        first = await toms.ask("message_delete", {"chat": group.id, "seq": messages[0]["seq"]})
        assert first["ok"], first
        deafen(deaf)
        answer = await other.rest("POST", f"{path}/demote-participant/", ann, json={"contact": tom.number})
        assert answer[0] == 200, answer
        await asyncio.sleep(CACHE_TTL_S)  # the promise is this time
        last = await toms.ask("message_delete", {"chat": group.id, "seq": messages[1]["seq"]})
        assert not last["ok"]
        assert last["error"]["code"] == "not_your_message"
