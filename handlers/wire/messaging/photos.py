"""Photos on the messaging API: always a URL and a status as text (messaging contract 7)."""

from collections.abc import Callable, Sequence
from typing import Annotated

from pydantic import ConfigDict
from typing_extensions import TypedDict

from handlers.wire.messaging.request import FieldReader, MessagingRequest, as_given
from handlers.wire.times import Date, show_date
from models.documents.photo import Photo, PhotoChange, PhotoStatus, PhotoView
from models.documents.url import URL_MAX_CHARS, is_web_url
from models.errors import Malformed, UrlRefused

Show = Callable[[Photo], str]  # the URL of one of the two sizes


class PictureAsked(MessagingRequest):
    """The URL of a picture, where none is uploaded."""

    model_config = ConfigDict(json_schema_extra={"required": ["url"]})

    url: Annotated[
        object,
        FieldReader(
            as_given,
            {
                "description": "Where the picture lies; http or https. A file in `photo` wins.",
                "type": "string",
                "format": "uri",
                "minLength": 1,
                "maxLength": URL_MAX_CHARS,
            },
        ),
    ] = None

    def require_url(self) -> str:
        """Raises Malformed, and UrlRefused for what is no address of the web."""
        if not isinstance(self.url, str) or not self.url:
            raise Malformed("photo is needed: the picture as a file; or url, where it lies.")
        if not is_web_url(self.url):
            raise UrlRefused("This is no URL.")
        return self.url


class PhotoShown(TypedDict):
    """`photo_status`: "200" with a URL, which needs no token; "404" there is none; "401" it is not shown to you."""

    photo_url: str | None
    photo_status: PhotoStatus


class PersonPhotoShown(PhotoShown):
    contact_id: str


class PhotosShown(TypedDict):
    photo_urls: list[PersonPhotoShown]


class PastPhotoShown(PhotoShown):
    updated: Date


class PhotoHistoryShown(TypedDict):
    """Newest first; a photo that was taken away is an entry without a URL."""

    contact_id: str
    photo_urls: list[PastPhotoShown]


def show_url(photo: Photo | None, status: PhotoStatus, show: Show) -> PhotoShown:
    return {"photo_url": None if photo is None else show(photo), "photo_status": status}


def show_seen(seen: Sequence[PhotoView], show: Show) -> PhotosShown:
    return {"photo_urls": [{"contact_id": each.number, **show_url(each.photo, each.status, show)} for each in seen]}


def show_history(number: str, changes: Sequence[PhotoChange], show: Show) -> PhotoHistoryShown:
    shown: list[PastPhotoShown] = [
        {
            **show_url(change.photo, PhotoStatus.NONE if change.photo is None else PhotoStatus.SHOWN, show),
            "updated": show_date(change.at),
        }
        for change in changes
    ]
    return {"contact_id": number, "photo_urls": shown}
