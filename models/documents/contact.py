"""Contacts: entries of an account's address book, by number; and what differs between two address books."""

from collections.abc import Iterable
from dataclasses import dataclass

NAME_MAX_CHARS = 256  # messaging contract 16.3
CONTACTS_MAX = 10_000  # entries of one address book, and of one import: a few times what phones hold


@dataclass(frozen=True, slots=True)
class Contact:
    """One entry of the address book of `owner_id`; the number may or may not have an account."""

    owner_id: int
    number: str
    first_name: str | None = None
    last_name: str | None = None

    @property
    def has_name(self) -> bool:
        return bool(self.first_name or self.last_name)

    @property
    def name(self) -> str:
        """Both names, or the number when there is none."""
        return " ".join(part for part in (self.first_name, self.last_name) if part) or self.number


@dataclass(frozen=True, slots=True)
class ListedContact:
    """A contact as its owner sees it now. `exists`: the number has a registered account (messaging contract, section 5)."""

    contact: Contact
    exists: bool


@dataclass(frozen=True, slots=True)
class ContactsChange:
    """What turns one address book into another; `updated` holds only entries whose names really differ."""

    added: tuple[Contact, ...]
    updated: tuple[Contact, ...]
    removed: tuple[str, ...]

    @classmethod
    def between(cls, present: Iterable[Contact], wanted: Iterable[Contact]) -> "ContactsChange":
        """The change from `present` to `wanted`; of two entries with one number the last counts."""
        before = {contact.number: contact for contact in present}
        after = {contact.number: contact for contact in wanted}
        return cls(
            added=tuple(contact for number, contact in after.items() if number not in before),
            updated=tuple(contact for number, contact in after.items() if before.get(number, contact) != contact),
            removed=tuple(number for number in before if number not in after),
        )

    def __bool__(self) -> bool:
        return bool(self.added or self.updated or self.removed)
