"""What an installation loses with its secret: people sign in anew, and everything else is there."""

from pathlib import Path

import aiohttp
from yarl import URL

from server.config import AuthSettings
from server.embedded import EmbeddedStores
from tests.support.invitations import Invitations
from tests.support.node import running_node, settings_for
from tests.support.pictures import plain
from tests.support.socket_fixture import sign_in_friends

GUEST = "4930999000111"


def signed_by(letter: str) -> AuthSettings:
    return AuthSettings.model_validate({"secret": letter * 32})


async def test_another_secret_signs_everybody_out_and_keeps_chats_files_and_links(
    stores: EmbeddedStores, tmp_path: Path
) -> None:
    settings = settings_for(tmp_path)
    async with running_node(stores, settings.model_copy(update={"auth": signed_by("a")})) as node:
        ann, tom = await sign_in_friends(node)
        form = aiohttp.FormData({"contact": tom.number})
        form.add_field("filename", plain(), filename="photo.png", content_type="image/png")
        status, sent = await node.rest("POST", "/api/messages/send-image/", ann, data=form)
        assert status == 200, sent
        event = await Invitations(node).create(ann, GUEST)
        link = f"/invitation?token={await Invitations(node).link(event, GUEST)}"
    async with running_node(stores, settings.model_copy(update={"auth": signed_by("b")})) as node:
        assert (await node.rest("GET", f"/api/messages/chats/{tom.number}/", ann))[0] == 401
        ann = await node.sign_in_by_code(ann.number)
        status, shown = await node.rest("GET", f"/api/messages/chats/{tom.number}/", ann)
        assert (status, sent["message_id"] in str(shown)) == (200, True)
        for path in (URL(sent["url"]).path, link):
            async with node.http.get(node.url + path) as answer:
                assert answer.status == 200, path
