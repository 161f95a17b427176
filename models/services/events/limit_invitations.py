"""Bounds how many people one account may invite in a day: each invitation may be a text message that somebody pays."""

from dataclasses import dataclass
from math import ceil

from models.documents.session import Actor
from models.errors import RateLimited, TooManyInvitees
from models.ports import Clock
from models.stores.quotas import Quotas

DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class LimitInvitations:
    """Count so many more, all or none.

    Raises RateLimited until the day (of UTC) is over, and TooManyInvitees for more than a day's at once.
    """

    quotas: Quotas
    clock: Clock
    per_day: int
    is_enabled: bool = True

    async def __call__(self, actor: Actor, count: int) -> None:
        if not self.is_enabled or not count:
            return
        if count > self.per_day:
            raise TooManyInvitees(f"You may invite at most {self.per_day} people in a day.")
        now = self.clock.now()
        wait = await self.quotas.take(_key(actor), self.per_day, DAY_S, now, count)
        if wait is not None:
            await self.quotas.give_back(_key(actor), DAY_S, now, count)
            raise RateLimited(
                "You have invited too many people today; go on tomorrow.",
                retry_after_ms=ceil(wait.total_seconds() * 1000),
            )

    async def give_back(self, actor: Actor, count: int) -> None:
        """These were not invited after all."""
        if self.is_enabled and count:
            await self.quotas.give_back(_key(actor), DAY_S, self.clock.now(), count)


def _key(actor: Actor) -> str:
    return f"invitations {actor.account_id}"
