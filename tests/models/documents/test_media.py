"""The files that each kind of message accepts (docs/messaging-api.md, "Media")."""

import pytest

from models.documents.media import FORMATS, INLINE_TYPES, MediaKind, MediaRule, extension_for
from models.documents.media_formats import is_called_heic, starts_as_heic
from models.errors import Malformed


def rule(kind: MediaKind) -> MediaRule:
    return MediaRule(kind, 10)


@pytest.mark.parametrize(
    ("kind", "extensions"),
    [
        (MediaKind.IMAGE, "jpg jpeg gif png"),
        (MediaKind.VOICE, "3gp caf mp3 ogg aif aac m4a wav wma"),
        (MediaKind.AUDIO, "3gp caf mp3 ogg aif aac m4a wav wma"),
        (MediaKind.VIDEO, "3gp mp4 mov avi"),
    ],
)
def test_the_documented_extensions_are_accepted_in_any_case(kind: MediaKind, extensions: str) -> None:
    for extension in extensions.split():
        for name in (f"a.{extension}", f"A.B.{extension.upper()}", f"C:\\dir.x\\a.{extension}"):
            assert rule(kind).require_type(name) in INLINE_TYPES


@pytest.mark.parametrize("name", ["", "a", "jpg", ".jpg", "a.svg", "a.jpg/", "a.jpg.html", "a.jpg ", "a.html\0.jpg2"])
def test_others_are_not(name: str) -> None:
    with pytest.raises(Malformed):
        rule(MediaKind.IMAGE).require_type(name)


def test_a_card_may_have_any() -> None:
    assert rule(MediaKind.CARD).require_type("card") == "application/octet-stream"


@pytest.mark.parametrize(
    ("urls", "mime_type", "found"),
    [
        (["http://a/b.png"], "text/html", "image/png"),
        (["http://a/b.PNG?x=y.gif#z.jpg"], "", "image/png"),
        (["http://a/b%2Epng"], "", "image/png"),
        (["http://a/b", "http://c/d.gif"], "", "image/gif"),
        (["http://a/b"], "image/jpg; q=1", "image/jpeg"),
        (["http://a/b.php"], "IMAGE/GIF", "image/gif"),
    ],
)
def test_the_type_of_a_url_is_in_its_path_or_told_by_its_server(urls: list[str], mime_type: str, found: str) -> None:
    assert rule(MediaKind.IMAGE).require_type_of_url(urls, mime_type) == found


@pytest.mark.parametrize("mime_type", ["", "text/html", "image/svg+xml", "video/mp4"])
def test_a_url_of_another_type_is_refused(mime_type: str) -> None:
    with pytest.raises(Malformed):
        rule(MediaKind.IMAGE).require_type_of_url(["http://a/b.svg"], mime_type)


@pytest.mark.parametrize(
    ("kind", "names", "found"),
    [
        (MediaKind.IMAGE, "image/jpg image/pjpeg image/x-jpeg IMAGE/JPEG", "image/jpeg"),
        (MediaKind.IMAGE, "image/x-png image/apng", "image/png"),
        (MediaKind.AUDIO, "audio/m4a audio/x-m4a audio/mp4 audio/mp4a-latm application/mp4", "audio/mp4"),
        (MediaKind.AUDIO, "audio/mp3 audio/x-mp3 audio/x-mpeg audio/mpeg3 audio/x-mpeg-3 audio/mpg", "audio/mpeg"),
        (MediaKind.VOICE, "audio/x-wav audio/wave audio/vnd.wave audio/x-pn-wav", "audio/wav"),
        (MediaKind.VOICE, "audio/x-caf audio/caf", "audio/x-caf"),
        (MediaKind.VOICE, "audio/aac audio/x-aac audio/aacp audio/vnd.dlna.adts audio/x-hx-aac-adts", "audio/aac"),
        (MediaKind.VOICE, "audio/3gpp audio/3gp audio/3gpp2 video/3gpp", "audio/3gpp"),
        (MediaKind.VOICE, "application/ogg audio/opus audio/x-vorbis+ogg audio/ogg;codecs=opus", "audio/ogg"),
        (MediaKind.VOICE, "audio/aiff audio/x-aiff audio/x-aifc", "audio/aiff"),
        (MediaKind.VOICE, "audio/x-ms-wma audio/wma audio/x-ms-asf", "audio/x-ms-wma"),
        (MediaKind.VIDEO, "video/x-m4v video/m4v video/mp4v-es application/mp4", "video/mp4"),
        (MediaKind.VIDEO, "video/3gp video/3gpp2 video/x-3gpp", "video/3gpp"),
        (MediaKind.VIDEO, "video/mov video/x-quicktime", "video/quicktime"),
        (MediaKind.VIDEO, "video/avi video/vnd.avi video/msvideo", "video/x-msvideo"),
    ],
)
def test_a_format_is_known_by_all_its_names(kind: MediaKind, names: str, found: str) -> None:
    for name in names.split():
        for said in (name, name.upper(), f' {name} ; codecs="mp4a.40.2"'):
            assert rule(kind).require_type_of_url(["http://a/b"], said) == found
            assert rule(kind).require_type("blob", said) == found


@pytest.mark.parametrize(
    ("kind", "ending", "found"),
    [
        (MediaKind.IMAGE, "jfif", "image/jpeg"),
        (MediaKind.AUDIO, "aiff", "audio/aiff"),
        (MediaKind.AUDIO, "opus", "audio/ogg"),
        (MediaKind.AUDIO, "m4b", "audio/mp4"),
        (MediaKind.VIDEO, "m4v", "video/mp4"),
        (MediaKind.VIDEO, "3gpp", "video/3gpp"),
    ],
)
def test_a_format_is_known_by_all_its_endings(kind: MediaKind, ending: str, found: str) -> None:
    assert rule(kind).require_type(f"a.{ending}") == found
    assert extension_for(found) in {"jpg", "aif", "ogg", "m4a", "mp4", "3gp"}


@pytest.mark.parametrize("kind", [MediaKind.IMAGE, MediaKind.AUDIO, MediaKind.VIDEO])
def test_no_name_and_no_ending_stands_for_two_formats_of_a_kind(kind: MediaKind) -> None:
    known = [each for one in FORMATS[kind] for each in (one.mime_type, *one.names, *one.endings, *one.more_endings)]
    assert len(known) == len(set(known))
    assert all(each == each.lower() for each in known)


def test_what_is_said_of_a_file_is_asked_in_turn() -> None:
    ask = rule(MediaKind.IMAGE).require_type_of_url
    gif, png = b"GIF89a", b"\x89PNG\r\n\x1a\n"
    assert ask(["http://a/b.jpg"], "image/gif", "c.png", gif) == "image/jpeg"
    assert ask(["http://a/b"], "image/gif", "c.png", png) == "image/gif"
    assert ask(["http://a/b"], "text/html", "c.png", gif) == "image/png"
    assert ask(["http://a/b"], "application/octet-stream", "c", gif) == "image/gif"
    with pytest.raises(Malformed):
        ask(["http://a/b"], "text/html", "c", gif)


@pytest.mark.parametrize(
    ("kind", "start", "found"),
    [
        (MediaKind.IMAGE, b"\xff\xd8\xff\xdb", "image/jpeg"),
        (MediaKind.IMAGE, b"\x89PNG\r\n\x1a\n", "image/png"),
        (MediaKind.VOICE, b"ID3\4", "audio/mpeg"),
        (MediaKind.VOICE, b"\xff\xfb\x90", "audio/mpeg"),
        (MediaKind.VOICE, b"\xff\xf1\x50", "audio/aac"),
        (MediaKind.VOICE, b"OggS\0", "audio/ogg"),
        (MediaKind.VOICE, b"RIFF1234WAVE", "audio/wav"),
        (MediaKind.VOICE, b"FORM1234AIFC", "audio/aiff"),
        (MediaKind.VOICE, b"caff\0\1", "audio/x-caf"),
        (MediaKind.VOICE, b"\0\0\0\x18ftyp3gp4", "audio/3gpp"),
        (MediaKind.VOICE, b"\0\0\0\x18ftypisom", "audio/mp4"),
        (MediaKind.VIDEO, b"\0\0\0\x18ftypisom", "video/mp4"),
        (MediaKind.VIDEO, b"\0\0\0\x14ftypqt  ", "video/quicktime"),
        (MediaKind.VIDEO, b"RIFF1234AVI LIST", "video/x-msvideo"),
    ],
)
def test_of_a_file_without_any_name_the_start_tells(kind: MediaKind, start: bytes, found: str) -> None:
    for said in ("", "application/octet-stream", "binary/octet-stream; x=y", "image/*"):
        assert rule(kind).require_type("blob", said, start) == found
    for other in (b"", b"<html>", start[1:]):
        with pytest.raises(Malformed):
            rule(kind).require_type("blob", "", other)


def test_a_type_is_named_with_its_usual_extension() -> None:
    assert extension_for("image/jpeg") == "jpg"
    assert extension_for("video/mp4") == "mp4"
    assert extension_for("text/html") == ""
    assert {extension_for(each) for each in INLINE_TYPES} >= {"jpg", "3gp", "wav"}


@pytest.mark.parametrize(
    ("brands", "is_heic"),
    [
        (b"heic\0\0\0\0mif1heic", True),
        (b"mif1\0\0\0\0mif1heic", True),
        (b"mif1\0\0\0\0avifmif1", False),
        (b"mif1\0\0\0\0mif1miafavif", False),
        (b"avif\0\0\0\0mif1miaf", False),
    ],
)
def test_an_avif_is_not_taken_for_heic_whatever_its_first_brand_is(brands: bytes, is_heic: bool) -> None:
    start = b"\0\0\0\x20ftyp" + brands + bytes(40)
    assert starts_as_heic(start) == is_heic
    assert is_called_heic(rule(MediaKind.IMAGE).require_type("a", start=start)) == is_heic
