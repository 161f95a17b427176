"""Processes that look into files are looked at here: they start as they do on a server."""

from collections.abc import Iterator

import pytest

from tests.support.warm_start import cold_pictures


@pytest.fixture(scope="module", autouse=True)
def pictures_are_cold() -> Iterator[None]:
    with cold_pictures():
        yield
