"""Contacts on the messaging API: what is read and shown (messaging contract, section 5)."""

from collections.abc import Iterable, Sequence
from typing import Annotated, NotRequired, Self

from pydantic import BaseModel, ConfigDict, model_validator
from typing_extensions import TypedDict

from handlers.wire.fields import LIST_MAX, Fields, find_number, read_list
from handlers.wire.messaging.request import FieldReader, MessagingRequest, Number, Numbers, name_up_to
from models.documents.contact import CONTACTS_MAX, NAME_MAX_CHARS, Contact, ListedContact
from models.errors import ContactsFull, Malformed
from models.services.contacts.address_book import ImportReport

_NAMES = ("first_name", "last_name")
Name = Annotated[str | None, name_up_to(NAME_MAX_CHARS, "", "John")]


class ContactEntry(BaseModel):
    """Somebody to put into the address book."""

    contact_id: Number
    first_name: Name = None
    last_name: Name = None

    def owned_by(self, owner_id: int) -> Contact:
        return Contact(owner_id, self.contact_id, self.first_name, self.last_name)


class NewContact(MessagingRequest, ContactEntry):
    """One contact to add."""


def _read_entries(fields: Fields, name: str) -> list[ContactEntry]:
    """The entries with a usable number, in the order sent; none is Malformed.

    Raises ContactsFull before it reads names. A name that is no text or too long refuses the import: dropping its entry would remove somebody from the address book.
    """
    usable: list[dict[str, object]] = []
    numbers: set[str] = set()
    for entry in read_list(fields, name):
        number = find_number(entry.get("contact_id")) if isinstance(entry, dict) else None
        if number is not None:
            usable.append({**entry, "contact_id": number})
            numbers.add(number)
    if not usable:
        raise Malformed(f"{name} holds no entry with a usable contact_id.")
    if len(numbers) > CONTACTS_MAX:
        raise ContactsFull(f"An address book holds at most {CONTACTS_MAX} contacts.")
    return [ContactEntry.model_validate(entry) for entry in usable]


class ContactsImport(MessagingRequest):
    """The whole address book, from now on."""

    contacts: Annotated[
        list[ContactEntry],
        FieldReader(
            _read_entries,
            {
                "description": "An entry without a usable number is left out; one with one must be left. A form gives the list as "
                "JSON text.",
                "type": "array",
                "items": ContactEntry.model_json_schema(),
                "minItems": 1,
                "maxItems": LIST_MAX,
            },
        ),
    ]


class ContactNames(MessagingRequest):
    """The names to set: those that are given, where an empty one (or null) takes the name away."""

    model_config = ConfigDict(json_schema_extra={"anyOf": [{"required": [name]} for name in _NAMES]})

    first_name: Name = None
    last_name: Name = None

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if not self.given:
            raise Malformed("first_name or last_name is needed.")
        return self

    @property
    def given(self) -> dict[str, str | None]:
        return {name: getattr(self, name) for name in _NAMES if name in self.model_fields_set}


class ContactsToRemove(MessagingRequest):
    """Numbers to take out of the address book."""

    contacts: Numbers


class ContactShown(TypedDict):
    """`exists`: whether this number uses Parley now."""

    contact_id: str
    first_name: str | None
    last_name: str | None
    exists: bool


class AddedShown(TypedDict):
    contact_id: str
    exists: bool


class ImportShown(TypedDict):
    """What the import changed; `synced` is `existing` and `non_existing` together."""

    added: int
    removed: int
    updated: int
    synced: int
    existing: int
    non_existing: int
    contacts_updated: NotRequired[int]
    message: NotRequired[str]


class ChangedShown(TypedDict):
    updated_contact: str


class RemovedShown(TypedDict):
    removed_contact: str


class SeveralRemovedShown(TypedDict):
    total_deleted: int


class NoneRemovedShown(TypedDict):
    message: str


class SyncShown(TypedDict):
    """Which of the address book's numbers use Parley."""

    existing: list[str]
    non_existing: list[str]


def show_contact(listed: ListedContact) -> ContactShown:
    contact = listed.contact
    return {
        "contact_id": contact.number,
        "first_name": contact.first_name,
        "last_name": contact.last_name,
        "exists": listed.exists,
    }


def show_added(listed: ListedContact) -> AddedShown:
    return {"contact_id": listed.contact.number, "exists": listed.exists}


def show_changed(contact: Contact) -> ChangedShown:
    return {"updated_contact": contact.number}


def show_import(report: ImportReport) -> ImportShown:
    """Six integers always; `message` when nothing differs, `contacts_updated` when only names do."""
    shown: ImportShown = {
        "added": report.added,
        "removed": report.removed,
        "updated": report.updated,
        "synced": report.synced,
        "existing": report.existing,
        "non_existing": report.non_existing,
    }
    if report.added or report.removed:
        return shown
    if report.updated:
        return {**shown, "contacts_updated": report.updated}
    return {**shown, "message": "The contacts are unchanged."}


def show_removed(numbers: Sequence[str], removed: int) -> RemovedShown | SeveralRemovedShown | NoneRemovedShown:
    """One number looks like a DELETE of it; several are counted."""
    if len(numbers) == 1:
        return {"removed_contact": numbers[0]}
    if not removed:
        return {"message": "None of these numbers is a contact."}
    return {"total_deleted": removed}


def show_sync(contacts: Iterable[ListedContact]) -> SyncShown:
    shown: SyncShown = {"existing": [], "non_existing": []}
    for listed in contacts:
        shown["existing" if listed.exists else "non_existing"].append(listed.contact.number)
    return shown
