"""A text arrives exactly as it was sent, in any script, or is refused with a reason."""

import json

import aiohttp
import pytest

from tests.conversation.talk import friends, hear, history, phones, say
from tests.support.node import Node

TEXTS = {
    "four bytes": "👩🏽‍🚀🏴󠁧󠁢󠁷󠁬󠁳󠁿 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𐍈",
    "right to left": "مرحبا \u202eabc\u202c שלום",
    "combining": "e\u0301 Z͑ͫ̓a̴l̶g̷o",
    "separators": "a\u2028b\u2029c\r\n\td",
    "looks like code": '$literal {"$gt": 1} $$REMOVE \\u0041 <script>',
    "as long as it may be": "🦆" * 16384,
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
async def test_a_text_is_kept_exactly(node: Node, text: str) -> None:
    ann, tom = await phones(node, *await friends(node, 2))
    message = await say(ann, text, contact=tom.person.number)
    assert message["text"] == text
    assert (await hear(tom, text))["text"] == text
    assert [entry["text"] for entry in await history(tom, message["chat"])] == [text]


@pytest.mark.parametrize("field", ["text", "client_id"])
async def test_half_of_a_surrogate_pair_is_refused_and_the_connection_stays(node: Node, field: str) -> None:
    """A client that cuts an emoji in two sends it, as JavaScript does: escaped."""
    ann, tom = await friends(node, 2)
    url = node.url.replace("http", "ws") + "/socket.io/?EIO=4&transport=websocket"
    body = {"contact": tom.number, "client_id": "1", "text": "x", field: "cut \ud83d"}
    async with aiohttp.ClientSession() as http, http.ws_connect(url) as socket:
        await socket.receive()
        await socket.send_str("40/chat," + json.dumps({"token": ann.token}))
        for id_, sent in ((1, body), (2, {"contact": tom.number, "client_id": "2", "text": "whole"})):
            await socket.send_str(f"42/chat,{id_}" + json.dumps(["message_send", sent]))
        answers = {}
        while len(answers) < 2:
            packet = (await socket.receive()).data
            if packet.startswith("43/chat,"):
                answers[packet[8]] = json.loads(packet[9:])[0]
    assert answers["1"]["error"]["code"] == "malformed"
    assert answers["2"]["message"]["text"] == "whole"
