"""The formats of files in messages, and how each is recognised: endings, names of types, first bytes.

The first endings are those of docs/messaging-api.md, "Media". The names are registered ones, older ones (`x-`), and those
that phones, browsers and web servers use.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Format:
    """A format of files. They are served as `mime_type`, whatever type was named when they came."""

    mime_type: str
    endings: Sequence[str]  # documented ones; the names of stored files have the first
    more_endings: Sequence[str]
    names: frozenset[str]  # other names of the type
    start: re.Pattern[bytes]  # matches the first bytes of a file

    def is_called(self, mime_type: str) -> bool:
        return mime_type == self.mime_type or mime_type in self.names

    def has_ending(self, ending: str) -> bool:
        return ending in self.endings or ending in self.more_endings


def _format(mime_type: str, endings: str, *, more: str = "", names: str = "", start: bytes) -> Format:
    return Format(mime_type, endings.split(), more.split(), frozenset(names.split()), re.compile(start, re.DOTALL))


# Stored as JPEG: hardly any browser shows it.
_HEIC = _format(
    "image/heic",
    "heic heif",
    more="hif heics heifs",
    names="image/heif image/heic-sequence image/heif-sequence image/x-heic image/x-heif",
    start=rb"....ftyp(?:hei[cmsx]|hev[cmsx]|(?:mif1|msf1)(?!.{0,60}avi[fs]))",
)
IMAGES = (
    _format(
        "image/jpeg",
        "jpg jpeg",
        more="jpe jfif pjpeg pjp",
        names="image/jpg image/jpe image/jfif image/pjpeg image/pjpg image/x-jpeg image/x-jpg image/x-citrix-jpeg",
        start=rb"\xff\xd8\xff",
    ),
    _format(
        "image/gif", "gif", names="image/x-gif image/gif87a image/gif89a", start=rb"GIF8[79]a",
    ),
    _format(
        "image/png",
        "png",
        more="apng",
        names="image/x-png image/x-citrix-png image/apng image/vnd.mozilla.apng",
        start=rb"\x89PNG\r\n\x1a\n",
    ),
    _format(
        "image/webp", "webp", names="image/x-webp", start=rb"RIFF....WEBP",
    ),
    _format(
        "image/avif", "avif", more="avifs", names="image/avif-sequence", start=rb"....ftyp(?:avi[fs]|(?:mif1|msf1|mia1|miaf).{0,60}avi[fs])",
    ),
    _HEIC,
)  # fmt: skip
SOUNDS = (
    _format(
        "audio/3gpp",
        "3gp",
        more="3gpp 3gpp2 3g2 3ga",
        names="audio/3gp audio/3gp2 audio/3gpp2 audio/x-3gpp audio/x-3gp video/3gpp video/3gp video/3gpp2",
        start=rb"....ftyp3g",
    ),
    _format("audio/x-caf", "caf", names="audio/caf audio/vnd.caf audio/x-coreaudio", start=rb"caff\0"),
    _format(
        "audio/mpeg",
        "mp3",
        more="mpga",
        names="audio/mp3 audio/x-mp3 audio/x-mpeg audio/mpeg3 audio/x-mpeg3 audio/x-mpeg-3 audio/mpg audio/x-mpg audio/mpa "
        "audio/mpa-robust audio/mpegaudio audio/x-mpegaudio",
        start=rb"ID3|\xff[\xe2-\xe7\xf2-\xf7\xfa-\xff]",
    ),
    _format(
        "audio/ogg",
        "ogg",
        more="oga opus spx",
        names="application/ogg application/x-ogg audio/x-ogg audio/oga audio/vorbis audio/x-vorbis audio/vorbis+ogg audio/x-vorbis+ogg "
        "audio/opus audio/x-opus audio/x-opus+ogg audio/speex audio/x-speex audio/x-speex+ogg",
        start=rb"OggS",
    ),
    _format(
        "audio/aiff",
        "aif",
        more="aiff aifc",
        names="audio/x-aiff audio/aif audio/x-aif audio/aifc audio/x-aifc audio/x-pn-aiff sound/aiff",
        start=rb"FORM....AIF[FC]",
    ),
    _format(
        "audio/aac",
        "aac",
        more="adts",
        names="audio/x-aac audio/aacp audio/x-aacp audio/aac-adts audio/adts audio/x-adts audio/x-hx-aac-adts audio/vnd.dlna.adts",
        start=rb"\xff[\xf0\xf1\xf8\xf9]",
    ),
    _format(
        "audio/mp4",
        "m4a",
        more="m4b m4p m4r mp4a",
        names="audio/m4a audio/x-m4a audio/m4b audio/x-m4b audio/x-m4p audio/x-m4r audio/x-mp4 audio/mp4a audio/mp4a-latm "
        "application/mp4",
        start=rb"....ftyp(?!3g|qt)",
    ),
    _format(
        "audio/wav",
        "wav",
        more="wave",
        names="audio/x-wav audio/wave audio/x-wave audio/x-pn-wav audio/vnd.wave audio/vnd.wav",
        start=rb"RIFF....WAVE",
    ),
    _format(
        "audio/x-ms-wma",
        "wma",
        names="audio/wma audio/x-wma audio/x-ms-asf application/vnd.ms-asf video/x-ms-asf",
        start=rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11",
    ),
    _format(
        "audio/webm", "webm", more="weba", names="audio/x-webm video/webm", start=rb"\x1a\x45\xdf\xa3",
    ),
)  # fmt: skip
VIDEOS = (
    _format(
        "video/3gpp",
        "3gp",
        more="3gpp 3gpp2 3g2",
        names="video/3gp video/3gp2 video/3gpp2 video/x-3gpp video/x-3gp",
        start=rb"....ftyp3g",
    ),
    _format(
        "video/mp4",
        "mp4",
        more="m4v mp4v mpg4",
        names="video/x-mp4 video/m4v video/x-m4v video/mp4v-es video/mpeg4 video/x-mpeg4 video/mpeg4-generic application/mp4",
        start=rb"....ftyp(?!3g|qt)",
    ),
    _format(
        "video/quicktime",
        "mov",
        more="qt",
        names="video/mov video/x-mov video/qt video/x-quicktime image/mov",
        start=rb"....(?:ftypqt|moov|mdat|wide)",
    ),
    _format(
        "video/x-msvideo",
        "avi",
        names="video/avi video/x-avi video/msvideo video/vnd.avi video/divx video/x-divx application/x-troff-msvideo",
        start=rb"RIFF....AVI ",
    ),
    _format(
        "video/webm",
        "webm",
        names="video/x-webm audio/webm",
        start=rb"\x1a\x45\xdf\xa3",
    ),
)
FILM_TYPES = frozenset({"video/3gpp", "video/mp4", "video/quicktime"})  # files that consist of boxes
# Types that senders name if they do not know the type.
NO_TYPES = frozenset(
    ["application/octet-stream", "application/x-octet-stream", "application/binary", "application/x-binary", "binary/octet-stream", "application/download", "application/x-download", "application/force-download", "application/x-force-download", "application/unknown", "unknown/unknown", "unknown", "image/*", "audio/*", "video/*", "*/*"]
) | {""}  # fmt: skip
START_BYTES = 80  # of a file; enough to recognise each of these
_FILM = re.compile(rb"....(?:ftyp|moov|mdat|wide|free|skip|pnot)", re.DOTALL)


def is_called_heic(mime_type: str) -> bool:
    return _HEIC.is_called(mime_type)


def starts_as_heic(start: bytes) -> bool:
    """Returns whether a file that begins so is HEIC, whatever it is called: telephones call it JPEG, too."""
    return _HEIC.start.match(start) is not None


def starts_as_film(start: bytes) -> bool:
    """Returns whether a file that begins so consists of boxes, as MP4, 3GP and QuickTime do, whatever it is called."""
    return _FILM.match(start) is not None
