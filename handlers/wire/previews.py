"""Previews of links as JSON, for the sockets and the messaging API (docs/protocol.md, "Link previews")."""

from collections.abc import Callable
from typing import NotRequired

from typing_extensions import TypedDict

from models.documents.link_preview import LinkPreview


class PreviewPictureShown(TypedDict):
    """A small picture: its address on this server, the size in pixels of what it was made of, and a ThumbHash in base64."""

    url: str
    width: int
    height: int
    blur: str


class PreviewShown(TypedDict):
    """What is shown of the page behind the first link of a message."""

    url: str
    site: str
    title: str
    description: NotRequired[str]
    image: NotRequired[PreviewPictureShown]


def show_preview(preview: LinkPreview, link: Callable[[str], str] = str) -> PreviewShown:
    """Returns a preview. `link` makes the address of its picture of a path on this server, which the sockets show as it is."""
    shown: PreviewShown = {"url": preview.url, "site": preview.site, "title": preview.title}
    if preview.description is not None:
        shown["description"] = preview.description
    if preview.picture is not None:
        size = preview.picture.placeholder
        shown["image"] = {
            "url": link(preview.picture.url),
            "width": size.width,
            "height": size.height,
            "blur": size.blur,
        }
    return shown
