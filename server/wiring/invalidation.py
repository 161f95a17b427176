"""Drops cached data that a node has signalled to be out of date (docs/architecture.md, "Signals")."""

from collections.abc import Callable
from dataclasses import dataclass

from models.facts import (
    AccountChanged,
    ChatMembersChanged,
    EntriesMissed,
    Invalidation,
    PresenceChanged,
    SessionsRevoked,
    SignalsMissed,
    WentOffline,
)
from models.services.accounts.authenticate import Authenticate
from models.services.chats.membership import MembershipCache
from models.services.contacts.contact_rule import RequireContact
from models.services.contacts.directory import Directory
from models.services.contacts.read_receipt_choices import ReadReceiptChoices
from models.services.presence.presence import Presence
from server.sockets.fanout import SocketFanout
from server.sockets.revoked_session_sweeper import RevokedSessionSweeper


@dataclass(frozen=True, slots=True)
class Invalidate:
    """Receives every signal of any node, this one too. `end_session` forgets a session and closes its sockets."""

    authenticate: Authenticate
    directory: Directory
    require_contact: RequireContact
    read_receipts: ReadReceiptChoices
    memberships: MembershipCache
    presence: Presence
    fanout: SocketFanout
    sweeper: RevokedSessionSweeper
    end_session: Callable[[str], None]

    def __call__(self, signal: Invalidation) -> None:
        match signal:
            case SessionsRevoked(session_ids):
                for session_id in session_ids:
                    self.end_session(session_id)
            case AccountChanged(account_id):
                self.directory.forget(account_id)
                self.require_contact.forget(account_id)
                self.read_receipts.forget(account_id)
                self.presence.viewer_changed(account_id)
            case ChatMembersChanged(chat_id):
                self.memberships.forget(chat_id)
            case PresenceChanged(account_ids):
                self.presence.changed(account_ids)
            case WentOffline(account_id):
                self.presence.go_offline(account_id)
            case EntriesMissed(account_ids):
                self.fanout.resync(account_ids)
            case SignalsMissed():
                self._forget_all()

    def _forget_all(self) -> None:
        self.authenticate.forget_all()
        self.directory.forget_all()
        self.require_contact.forget_all()
        self.read_receipts.forget_all()
        self.memberships.forget_all()
        self.presence.recheck()
        self.sweeper.hurry()
