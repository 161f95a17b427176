"""Applies changes that were stored by a node which crashed before it applied them."""

import logging
from collections.abc import Callable
from datetime import timedelta

from models.documents.entry import Entry, MessageChange
from models.ports import Clock
from models.services.chats.membership import MembershipCache
from models.services.media.unused import RemoveUnusedMedia
from models.stores.database import is_transient
from models.stores.entries import Entries

log = logging.getLogger(__name__)

OLDER_THAN = timedelta(seconds=5)  # younger ones are being applied by the node that stored them


async def recover_pending_changes(
    entries: Entries,
    memberships: MembershipCache,
    clock: Clock,
    recovered: Callable[[Entry], None],
    remove_media: RemoveUnusedMedia | None = None,
) -> int:
    """Apply changes that should have been applied long ago. Returns how many. Two nodes may do it at once.

    `recovered` is called with each change once it is applied, since perhaps nobody was told of it either. A change that cannot be
    applied is left, and so is what depends on it in the log of its chat; the others are applied.
    """
    healed = 0
    for change in await entries.list_unapplied(clock.now() - OLDER_THAN):
        try:
            await _apply(change, entries, memberships, remove_media)
        except Exception as error:
            if is_transient(error):
                raise
            log.exception("change %d of chat %d cannot be applied", change.seq, change.chat_id)
            continue
        healed += 1
        recovered(change)
    return healed


async def _apply(
    change: Entry, entries: Entries, memberships: MembershipCache, remove_media: RemoveUnusedMedia | None
) -> None:
    if not isinstance(change.body, MessageChange):
        await memberships.apply(change)
        return
    gone = await entries.apply(change)
    if gone and remove_media is not None:
        await remove_media.after(gone)
