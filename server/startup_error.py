"""Defines the error that ends a start: one line for the operator, then a non-zero exit status."""


class StartupError(Exception):
    """Says what is wrong and what to do about it, in one line without secrets."""

    def __init__(self, line: str) -> None:
        super().__init__(" ".join(line.split()))
