"""Pictures of people without a photo: where they are read, and their bytes."""

import hashlib
import hmac
import re
from collections import OrderedDict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from models.documents.default_picture import HUES, DefaultPicture
from models.documents.media import Media
from models.documents.photo import PHOTO_TYPE, Rendition
from models.errors import MediaNotFound
from models.ports import Drawing

KEPT_MAX = 2000  # drawn ones, of five kilobytes
_SEAL_BYTES = 8
# The colour, the initials as UTF-8, the seal: all in hex.
_NAME = re.compile(rf"([0-{HUES}])((?:[0-9a-f]{{2}}){{0,64}})([0-9a-f]{{{2 * _SEAL_BYTES}}})")


@dataclass(frozen=True, slots=True)
class DefaultPictures:
    """Nothing is stored: all of a picture stands in its name, so another name of the person has another address.

    The name is sealed: what is drawn for a stranger is what this server has shown somebody, and each once as long as it is kept.
    """

    key: bytes
    drawing: Drawing
    kept: OrderedDict[tuple[DefaultPicture, Rendition], bytes] = field(default_factory=OrderedDict)

    def name(self, picture: DefaultPicture) -> str:
        """Returns what its address ends with."""
        said = f"{picture.hue}{picture.initials.encode(errors='replace').hex()}"
        return said + self._seal(said)

    async def open(self, name: str, rendition: Rendition) -> "DrawnPicture":
        """Raises MediaNotFound for a name that this server did not make."""
        match = _NAME.fullmatch(name)
        if match is None or not hmac.compare_digest(self._seal(match[1] + match[2]), match[3]):
            raise MediaNotFound
        data = await self._drawn(DefaultPicture(bytes.fromhex(match[2]).decode(), int(match[1])), rendition)
        digest = hashlib.sha256(data).digest()
        return DrawnPicture(Media(f"{name}-{rendition.value}", PHOTO_TYPE, len(data), digest), data)

    async def _drawn(self, picture: DefaultPicture, rendition: Rendition) -> bytes:
        known = picture, rendition
        if known not in self.kept:
            self.kept[known] = await self.drawing.draw(picture, rendition)
            while len(self.kept) > KEPT_MAX:
                self.kept.popitem(last=False)
        else:
            self.kept.move_to_end(known)
        return self.kept[known]

    def _seal(self, said: str) -> str:
        return hmac.digest(self.key, said.encode(), "sha256")[:_SEAL_BYTES].hex()


@dataclass(frozen=True, slots=True)
class DrawnPicture:
    """One form of a picture, to be read like a stored file."""

    media: Media
    data: bytes

    async def read(self, _: Media, first: int, last: int) -> AsyncIterator[bytes]:
        yield self.data[first : last + 1]
