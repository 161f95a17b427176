"""Invitation tokens: unguessable, equal each time one invitation is texted, and useless to readers of the database.

A token is a keyed hash of its invitation, so that texting an invitation again after a crash sends the same link. The rows
hold a hash of the token, from which nobody can make the link.
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
    # For deleting the tokens of an account or of an event.
    IndexModel([("account", ASCENDING)], name="account"),
    IndexModel([("event", ASCENDING)], name="event"),
]


class InvitationTokens:
    """One row per token, with its event, its account, and when it was made and last used.

    A token does not expire by itself.
    """

    def __init__(self, database: Database, key: bytes) -> None:
        """`key` makes the tokens unguessable: 32 random bytes, or derived ones."""
        self._tokens = database.collection("invitation_tokens")
        self._key = key

    async def prepare(self) -> None:
        await self._tokens.create_indexes(INDEXES)

    async def issue(self, event_id: int, accounts: Mapping[int, int], item_id: str, now: datetime) -> dict[int, str]:
        """Returns a token for each of `accounts` (invitation id -> account id), by invitation.

        Repeating the call returns equal ones.

        `item_id` names the item of the event's outbox that the invitations are texted for.
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
        """Note that a token was used at this time. An unknown token is skipped."""
        await self._tokens.update_one({"_id": _hash(token)}, {"$max": {"used_at": now}})

    async def forget(self, account_id: int) -> None:
        """Delete the tokens of an account that is gone: a later owner of its number is somebody else."""
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
        # Letters and digits alone: phones cut other characters off the end of a link.
        return base64.b32encode(digest[:TOKEN_BYTES]).decode().lower()


def _hash(token: str) -> bytes:
    """Returns one round of SHA-256 without a key, which is enough for a random text."""
    return hashlib.sha256(token.encode(errors="replace")).digest()
