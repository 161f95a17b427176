"""Contacts: the entries of an account's address book, by number, and the difference between two address books."""

from collections.abc import Iterable
from dataclasses import dataclass

NAME_MAX_CHARS = 256  # docs/messaging-api.md, "Limits"
CONTACTS_MAX = 10_000  # entries of one address book and of one import, a few times as many as phones hold


@dataclass(frozen=True, slots=True)
class Contact:
    """One entry of the address book of `owner_id`. Its number need not have an account."""

    owner_id: int
    number: str
    first_name: str | None = None
    last_name: str | None = None

    @property
    def has_name(self) -> bool:
        return bool(self.first_name or self.last_name)

    @property
    def name(self) -> str:
        """Returns both names, or the number if there are none."""
        return " ".join(part for part in (self.first_name, self.last_name) if part) or self.number


@dataclass(frozen=True, slots=True)
class ListedContact:
    """A contact as its owner sees it now. `exists` means that the number has a registered account."""

    contact: Contact
    exists: bool


@dataclass(frozen=True, slots=True)
class ContactsChange:
    """The difference between two address books. `updated` holds only entries whose names changed."""

    added: tuple[Contact, ...]
    updated: tuple[Contact, ...]
    removed: tuple[str, ...]

    @classmethod
    def between(cls, present: Iterable[Contact], wanted: Iterable[Contact]) -> "ContactsChange":
        """Returns the change from `present` to `wanted`. Of several entries with one number the last counts."""
        before = {contact.number: contact for contact in present}
        after = {contact.number: contact for contact in wanted}
        return cls(
            added=tuple(contact for number, contact in after.items() if number not in before),
            updated=tuple(contact for number, contact in after.items() if before.get(number, contact) != contact),
            removed=tuple(number for number in before if number not in after),
        )

    def __bool__(self) -> bool:
        return bool(self.added or self.updated or self.removed)
