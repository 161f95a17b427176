"""Invitation tokens: unguessable, the same each time one invitation is told, and of no use to who reads the database alone.

A token is a keyed hash of what it is for, so that telling an invitation again after a crash texts the same link. The rows
hold a hash of the token: whoever reads them learns no link.
"""

import base64
import hashlib
import hmac
from collections.abc import Collection, Mapping
from datetime import datetime

from pymongo import ASCENDING, IndexModel

from models.documents.invitation_token import InvitationToken
from models.stores.database import Database, Row, insert_missing

TOKEN_BYTES = 20  # 160 bits; 32 letters and digits of an SMS
INDEXES = [
    # Both only to forget: what an account was sent, and what led to an event.
    IndexModel([("account", ASCENDING)], name="account"),
    IndexModel([("event", ASCENDING)], name="event"),
]


class InvitationTokens:
    """One row per token: event, account, when it was made and last used. It never expires by itself."""

    def __init__(self, database: Database, key: bytes) -> None:
        """`key` makes the tokens unguessable; 32 random bytes or derived ones."""
        self._tokens = database.collection("invitation_tokens")
        self._key = key

    async def prepare(self) -> None:
        await self._tokens.create_indexes(INDEXES)

    async def issue(self, event_id: int, accounts: Mapping[int, int], item_id: str, now: datetime) -> dict[int, str]:
        """A token for each of `accounts` (invitation id -> account id), by invitation; asked again, the same ones.

        `item_id` names what is told of them (an item of the event's outbox).
        """
        tokens = {invitation: self._token(invitation, item_id) for invitation in accounts}
        rows: list[Row] = [
            {"_id": _hash(tokens[invitation]), "event": event_id, "account": account, "created_at": now}
            for invitation, account in accounts.items()
        ]
        await insert_missing(self._tokens, rows)
        return tokens

    async def find(self, token: str) -> InvitationToken | None:
        row = await self._tokens.find_one({"_id": _hash(token)})
        if row is None:
            return None
        return InvitationToken(row["event"], row["account"], row["created_at"], row.get("used_at"))

    async def touch(self, token: str, now: datetime) -> None:
        """The token was used at this time; an unknown one is left alone."""
        await self._tokens.update_one({"_id": _hash(token)}, {"$max": {"used_at": now}})

    async def forget(self, account_id: int) -> None:
        """The account is gone, and whoever has its number later is somebody else."""
        await self._tokens.delete_many({"account": account_id})

    async def forget_events(self, event_ids: Collection[int]) -> int:
        """Delete the tokens of these events. Returns how many there were."""
        return (await self._tokens.delete_many({"event": {"$in": list(event_ids)}})).deleted_count

    async def list_events(self, after: int, limit: int) -> list[int]:
        """Returns the event ids of the next `limit` tokens, in ascending order and each as often as it has tokens.

        `after` is the last id of the page before. Tokens of that event which did not fit into its page are left out.
        """
        query = self._tokens.find({"event": {"$gt": after}}, {"_id": False, "event": True})
        return [row["event"] for row in await query.sort("event", ASCENDING).limit(limit).to_list(limit)]

    def _token(self, invitation_id: int, item_id: str) -> str:
        digest = hmac.digest(self._key, f"{invitation_id} {item_id}".encode(), "sha256")
        # Letters and digits alone: phones leave a sign at the end of a link out of it.
        return base64.b32encode(digest[:TOKEN_BYTES]).decode().lower()


def _hash(token: str) -> bytes:
    """Of a random text, so that one round without a key is enough."""
    return hashlib.sha256(token.encode(errors="replace")).digest()
