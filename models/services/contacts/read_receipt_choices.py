"""Who hides read receipts: the privacy setting `read_receipts`, cached on each node until it changes."""

from models.services.runtime.batch_loader import BatchLoader
from models.services.runtime.cache import Cache
from models.stores.read_receipt_refusals import ReadReceiptRefusals


class ReadReceiptChoices:
    """Answers from its cache whether two people show each other what they have read.

    In groups everybody does, whatever they chose.
    """

    def __init__(self, refusals: ReadReceiptRefusals, *, ttl_s: float) -> None:
        self._find: BatchLoader[int, bool] = BatchLoader(refusals.map_by_ids, at_once=500)
        self._hides: Cache[int, bool] = Cache(self._load, size=50_000, ttl_s=ttl_s)

    async def hides(self, account_id: int) -> bool:
        """Returns whether this account hides what it has read in direct chats."""
        return await self._hides.require(account_id)

    async def are_shown(self, one: int, other: int) -> bool:
        """Returns whether each of two accounts is shown what the other has read; not if one of them hides it."""
        return not (await self.hides(one) or await self.hides(other))

    def peek_are_shown(self, one: int, other: int) -> bool | None:
        """`are_shown` from the cache only. Returns None if something is not cached."""
        first, second = self._hides.peek(one), self._hides.peek(other)
        return None if first is None or second is None else not (first or second)

    def forget(self, account_id: int) -> None:
        """Drop what is cached of an account that changed."""
        self._hides.forget(account_id)

    def forget_all(self) -> None:
        """Drop everything, because signals may have been missed."""
        self._hides.clear()

    async def _load(self, account_id: int) -> bool:
        return bool(await self._find(account_id))
