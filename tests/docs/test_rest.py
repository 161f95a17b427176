"""The document of both REST APIs names each refusal with the status that it has."""

import re
from itertools import pairwise

from handlers.errors import STATUS
from tests.docs.documents import DOCS, read_rows


def test_every_refusal_stands_there_with_its_status() -> None:
    cells = [cell for row in read_rows(DOCS / "rest.md", "Refusals") for cell in row if cell]
    told = {(code.strip("`"), int(status)) for code, status in pairwise(cells) if re.fullmatch(r"[1-5]\d\d", status)}
    assert told == {(kind.code, int(status)) for kind, status in STATUS.items()}
