"""Photos on the messaging API: always a URL and a status as text (messaging contract 7)."""

from collections.abc import Callable, Sequence

from handlers.wire.fields import Fields
from handlers.wire.times import show_time
from models.documents.photo import Photo, PhotoChange, PhotoStatus, SeenPhoto
from models.errors import Malformed

Show = Callable[[Photo], str]  # the URL of one of the two sizes


def read_photo_url(fields: Fields) -> str:
    """The URL of a picture, where none was uploaded; raises Malformed."""
    url = fields.get("url")
    if not isinstance(url, str) or not url:
        raise Malformed("photo is needed: the picture as a file; or url, where it lies.")
    return url


def show_url(photo: Photo | None, status: PhotoStatus, show: Show) -> dict[str, object]:
    return {"photo_url": None if photo is None else show(photo), "photo_status": status.value}


def show_seen(seen: Sequence[SeenPhoto], show: Show) -> dict[str, object]:
    return {"photo_urls": [{"contact_id": each.number, **show_url(each.photo, each.status, show)} for each in seen]}


def show_history(number: str, changes: Sequence[PhotoChange], show: Show) -> dict[str, object]:
    """Newest first; a photo that was taken away is an entry without a URL."""
    shown = [
        show_url(change.photo, PhotoStatus.NONE if change.photo is None else PhotoStatus.SHOWN, show)
        | {"updated": show_time(change.at)}
        for change in changes
    ]
    return {"contact_id": number, "photo_urls": shown}
