"""The sweep: applies changes that were stored by somebody who crashed before applying them."""

from collections.abc import Callable
from datetime import timedelta

from models.documents.entry import Deletion, Edit, Entry, Reaction
from models.ports import Clock
from models.services.remove_unused_media import RemoveUnusedMedia
from models.services.rosters import Rosters
from models.stores.entries import Entries

OLDER_THAN = timedelta(seconds=5)  # younger ones are being applied by whoever stored them


async def heal(
    entries: Entries,
    rosters: Rosters,
    clock: Clock,
    recovered: Callable[[Entry], None] | None = None,
    remove_media: RemoveUnusedMedia | None = None,
) -> int:
    """Apply what should have been applied long ago; returns how much that was. Two nodes may do it at once.

    `recovered` hears of each change once it is applied: perhaps nobody was told of it either.
    """
    changes = await entries.list_unapplied(clock.now() - OLDER_THAN)
    for change in changes:
        if isinstance(change.body, Edit | Deletion | Reaction):
            gone = await entries.apply(change)
            if gone is not None and remove_media is not None:
                await remove_media.after([gone])
        else:
            await rosters.apply(change)
        if recovered is not None:
            recovered(change)
    return len(changes)
