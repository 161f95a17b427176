"""Contacts on the messaging API: what is read and shown (messaging contract, section 5)."""

from collections.abc import Iterable, Sequence

from handlers.wire.fields import Fields, find_number, read_list, read_name, read_number
from models.documents.contact import NAME_MAX_CHARS, Contact, ListedContact
from models.errors import Malformed
from models.services.import_contacts import ImportReport

_NAMES = ("first_name", "last_name")


def read_contact(fields: Fields, owner_id: int) -> Contact:
    return _contact(owner_id, read_number(fields, "contact_id"), fields)


def read_import(fields: Fields, owner_id: int) -> list[Contact]:
    """The entries with a usable number, in the order sent; none is Malformed.

    A name that is no text or too long refuses the import: dropping its entry would remove somebody from the address book.
    """
    contacts = []
    for entry in read_list(fields, "contacts"):
        number = find_number(entry.get("contact_id")) if isinstance(entry, dict) else None
        if number is not None:
            contacts.append(_contact(owner_id, number, entry))
    if not contacts:
        raise Malformed("contacts holds no entry with a usable contact_id.")
    return contacts


def read_names(fields: Fields) -> dict[str, str | None]:
    """The names to set: those that are given, where an empty one (or null) takes the name away. None given is Malformed."""
    names = {name: read_name(fields, name, NAME_MAX_CHARS) for name in _NAMES if name in fields}
    if not names:
        raise Malformed("first_name or last_name is needed.")
    return names


def _contact(owner_id: int, number: str, fields: Fields) -> Contact:
    first_name, last_name = (read_name(fields, name, NAME_MAX_CHARS) for name in _NAMES)
    return Contact(owner_id, number, first_name, last_name)


def show_contact(listed: ListedContact) -> dict[str, object]:
    contact = listed.contact
    return {
        "contact_id": contact.number,
        "first_name": contact.first_name,
        "last_name": contact.last_name,
        "exists": listed.exists,
    }


def show_added(listed: ListedContact) -> dict[str, object]:
    return {"contact_id": listed.contact.number, "exists": listed.exists}


def show_import(report: ImportReport) -> dict[str, object]:
    """Six integers always; `message` when nothing differs, `contacts_updated` when only names do."""
    shown: dict[str, object] = {
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
        return shown | {"contacts_updated": report.updated}
    return shown | {"message": "The contacts are unchanged."}


def show_removed(numbers: Sequence[str], removed: int) -> dict[str, object]:
    """One number looks like a DELETE of it; several are counted."""
    if len(numbers) == 1:
        return {"removed_contact": numbers[0]}
    if not removed:
        return {"message": "None of these numbers is a contact."}
    return {"total_deleted": removed}


def show_sync(contacts: Iterable[ListedContact]) -> dict[str, object]:
    shown: dict[str, list[str]] = {"existing": [], "non_existing": []}
    for listed in contacts:
        shown["existing" if listed.exists else "non_existing"].append(listed.contact.number)
    return dict(shown)
