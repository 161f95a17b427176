"""Builds the services of models/services/contacts: who knows whom, who may see and write to whom."""

from dataclasses import dataclass

from models.ports import Clock, Fanout
from models.services.contacts.address_book import (
    AddContact,
    ChangeContact,
    FindContact,
    ImportContacts,
    ListContacts,
    RemoveContacts,
)
from models.services.contacts.contact_rule import HasWritten, RequireContact
from models.services.contacts.directory import Directory
from models.services.contacts.new_number_limit import LimitNewNumbers
from models.services.contacts.read_receipt_choices import ReadReceiptChoices
from models.services.contacts.visibility import MayView
from server.config import LimitSettings
from server.wiring.stores import Stores


@dataclass(frozen=True, slots=True)
class ContactServices:
    """Address books and the rules that follow from them."""

    directory: Directory
    may_view: MayView
    require_contact: RequireContact
    limit_new_numbers: LimitNewNumbers
    list_contacts: ListContacts
    find_contact: FindContact
    add_contact: AddContact
    import_contacts: ImportContacts
    change_contact: ChangeContact
    remove_contacts: RemoveContacts
    read_receipts: ReadReceiptChoices


def build(stores: Stores, fanout: Fanout, clock: Clock, limits: LimitSettings, *, cached_s: float) -> ContactServices:
    """`cached_s` is how long accounts and contacts are cached while no node signals that they have changed."""
    accounts, contacts = stores.accounts, stores.contacts
    directory = Directory(accounts, ttl_s=cached_s)
    has_written = HasWritten(accounts, stores.chats, stores.entries)
    limit_new_numbers = LimitNewNumbers(
        contacts,
        stores.phone_books,
        stores.favourites,
        stores.quotas,
        clock,
        limits.new_numbers_per_day,
        limits.enabled,
    )
    return ContactServices(
        directory,
        MayView(contacts),
        RequireContact(contacts, directory, has_written, ttl_s=cached_s),
        limit_new_numbers,
        ListContacts(contacts, accounts),
        FindContact(contacts, accounts),
        AddContact(contacts, accounts, fanout, limit_new_numbers),
        ImportContacts(contacts, accounts, fanout, limit_new_numbers),
        ChangeContact(contacts, fanout),
        RemoveContacts(contacts, fanout),
        ReadReceiptChoices(stores.read_receipt_refusals, ttl_s=cached_s),
    )
