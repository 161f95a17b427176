"""Builds the services of models/services/presence: who is online, and who may see it."""

from dataclasses import dataclass

from models.ports import Clock, Fanout, PresenceStore
from models.services.presence.lookup import GetPresence
from models.services.presence.presence import Presence
from models.services.presence.sweep import SweepPresence
from server.wiring.contacts import ContactServices
from server.wiring.stores import Stores


@dataclass(frozen=True, slots=True)
class PresenceServices:
    """Presence on this node, its lookup by REST, and the sweep of nodes that are gone."""

    presence: Presence
    get_presence: GetPresence
    sweep: SweepPresence


def build(
    stores: Stores, board: PresenceStore, fanout: Fanout, clock: Clock, contacts: ContactServices, *, grace_s: float
) -> PresenceServices:
    """`grace_s` is how long an account stays online after its last connection has closed."""
    accounts, directory = stores.accounts, contacts.directory
    presence = Presence(accounts, stores.contacts, directory, board, fanout, clock, grace_s=grace_s)
    return PresenceServices(
        presence,
        GetPresence(presence, contacts.require_contact, stores.contacts, accounts, stores.snapshots, clock),
        SweepPresence(accounts, board, fanout, clock),
    )
