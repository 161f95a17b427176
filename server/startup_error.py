"""The reason not to start: one line for the operator, then a non-zero exit."""


class StartupError(Exception):
    """What is wrong and what to do about it, as one line without secrets."""

    def __init__(self, line: str) -> None:
        super().__init__(" ".join(line.split()))
