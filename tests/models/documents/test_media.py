"""What each kind of message accepts (messaging contract 9.2)."""

import pytest

from models.documents.media import INLINE_TYPES, MediaKind, MediaRule, extension_for
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
def test_the_extensions_of_the_contract_are_accepted_in_any_case(kind: MediaKind, extensions: str) -> None:
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


def test_a_type_is_named_with_its_usual_extension() -> None:
    assert extension_for("image/jpeg") == "jpg"
    assert extension_for("video/mp4") == "mp4"
    assert extension_for("text/html") == ""
    assert {extension_for(each) for each in INLINE_TYPES} >= {"jpg", "3gp", "wav"}
