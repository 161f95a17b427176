"""How a part of a form says which field it is, and how its file is called."""

import pytest

from handlers.rest.dispositions import Disposition, read_disposition
from models.errors import Malformed

FORM = 'form-data; name="filename"; filename='


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ('"a;b;c.png"', "a;b;c.png"),
        ('";;;.png"', ";;;.png"),
        ("a b.png", "a b.png"),
        ("a.png", "a.png"),
        ('""', ""),
        ("", ""),
        (r'"say \"hi\".png"', 'say "hi".png'),
        (r'"C:\temp\a.png"', r"C:\temp\a.png"),
        (r'"a\\b.png"', r"a\b.png"),
        ('"a%22b%0A.png"', "a%22b%0A.png"),
        ('"100%.png"', "100%.png"),
        ('"é 写真.png"', "é 写真.png"),
        ('"a=b, c.png"', "a=b, c.png"),
        ('"a.png', "a.png"),
        ('"a.png" ; size=3', "a.png"),
        ("\"a.png\"; filename*=UTF-8''%e2%82%ac%3b.png", "€;.png"),
        ('"a.png"; filename*="utf-8\'en\'b.png"', "b.png"),
        ("\"a.png\"; filename*=ISO-8859-1''%e9.png", "é.png"),
        ("\"a.png\"; filename*=punycode''b.png", "a.png"),
        ("\"a.png\"; filename*=UTF-8''%ff.png", "a.png"),
        ('"a.png"; filename*=b.png', "a.png"),
        ('"a.png"; filename="b.png"', "a.png"),
        ('"a.png"; junk; ; =;', "a.png"),
    ],
)
def test_a_file_name_is_read_as_browsers_and_phones_write_it(said: str, name: str) -> None:
    read = read_disposition(FORM + said)
    assert read == Disposition("filename", name)
    assert read_disposition(read.header) == read
    assert read.header.isascii()


@pytest.mark.parametrize(
    ("header", "read"),
    [
        ("", Disposition()),
        ("form-data", Disposition()),
        ('form-data; name=a; filename*0="b"; filename*1=".png"', Disposition("a", "")),
        ('FORM-DATA;NAME="a"', Disposition("a")),
        ('name="a"', Disposition()),
        ("form-data; name=a", Disposition("a")),
        ("form-data; name*=utf-8''%61", Disposition("a")),
        ('attachment; filename="a.mp3"', Disposition(None, "a.mp3")),
        ("form-data; name", Disposition()),
        ("form-data; name=a; filename*=punycode''b.png", Disposition("a", "")),
        ("form-data; name=a; filename", Disposition("a", "")),
    ],
)
def test_what_is_not_said_is_not_there(header: str, read: Disposition) -> None:
    assert read_disposition(header) == read


def test_bytes_that_are_no_text_do_no_harm() -> None:
    read = read_disposition(FORM + '"\udcff.png"')
    assert read_disposition(read.header).file_name == "?.png"


@pytest.mark.parametrize("much", [";" * 3000, "; a=b" * 800, '; a="' * 800])
def test_more_parameters_than_anybody_needs_are_refused_at_once(much: str) -> None:
    with pytest.raises(Malformed, match="too many parameters"):
        read_disposition(FORM + '"a.png"' + much + ";" * 20)
