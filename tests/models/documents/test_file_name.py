"""What a file may be called, whatever its sender called it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.documents.file_name import FILE_NAME_MAX_BYTES, FILE_NAME_MAX_CHARS, clean_file_name


@pytest.mark.parametrize(
    ("given_name", "name"),
    [
        ("contract.pdf", "contract.pdf"),
        ("Straße 7 – Übersicht (2).docx", "Straße 7 – Übersicht (2).docx"),
        ("../../etc/passwd", "passwd"),
        (r"C:\Users\ann\plan.xls", "plan.xls"),
        ("folder/", ""),
        ("..", ""),
        ("  \u200b ", ""),
        ("a\0b\r\nc.txt", "ab c.txt"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("\u2066a\u2069.txt", "a.txt"),
        ("setup.exe. . ", "setup.exe"),
        (".gitignore", ".gitignore"),
        ("\ud800.txt", ".txt"),
        ("نامه.pdf", "نامه.pdf"),
    ],
)
def test_a_file_is_called_what_can_be_seen_of_its_name_and_nothing_else(given_name: str, name: str) -> None:
    assert clean_file_name(given_name) == name


@pytest.mark.parametrize(
    "name", ["x" * 300 + ".tar.gz", "ж" * 300 + ".pdf", "👨‍👩‍👧‍👦" * 60 + ".jpeg", "." + "x" * 400, "y" * 300]
)
def test_a_name_that_is_too_long_keeps_its_ending(name: str) -> None:
    clean = clean_file_name(name)
    assert len(clean) <= FILE_NAME_MAX_CHARS
    assert 200 < len(clean.encode()) <= FILE_NAME_MAX_BYTES
    stem, _, ending = name.rpartition(".")
    assert not stem or clean.endswith("." + ending)


@given(st.text(max_size=400))
def test_a_clean_name_is_clean(name: str) -> None:
    clean = clean_file_name(name)
    assert clean_file_name(clean) == clean
    assert not set(clean) & {"/", "\\", "\0", "\n", "\u202e"}
    assert len(clean.encode()) <= FILE_NAME_MAX_BYTES
