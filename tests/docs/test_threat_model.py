"""Every row of the threat model names a test that holds it."""

import re

import pytest

from tests.docs.documents import DOCS, ROOT, read_rows

MODEL = DOCS / "threat-model.md"
ROWS = [row for heading in ("Strangers", "Accounts", "The operator's side") for row in read_rows(MODEL, heading)]


def test_every_row_is_held_by_a_test() -> None:
    assert len(ROWS) > 40
    assert [row for row in ROWS if not re.search(r"`tests/[^`]+\.py`", row[-1])] == []


@pytest.mark.parametrize("path", sorted({path for row in ROWS for path in re.findall(r"`(tests/[^`]+)`", row[-1])}))
def test_a_test_that_holds_a_row_is_there(path: str) -> None:
    assert (ROOT / path).is_file()
