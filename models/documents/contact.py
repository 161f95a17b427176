"""Contacts: entries of an account's address book, by number."""

from dataclasses import dataclass

NAME_MAX_CHARS = 256  # messaging contract 16.3


@dataclass(frozen=True, slots=True)
class Contact:
    """One entry of the address book of `owner_id`; the number may or may not have an account."""

    owner_id: int
    number: str
    first_name: str | None = None
    last_name: str | None = None

    @property
    def name(self) -> str:
        """Both names, or the number when there is none."""
        return " ".join(part for part in (self.first_name, self.last_name) if part) or self.number
