"""Delivers texts by SMS, within the limits per number, per country and in all."""

import asyncio
import logging
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from models.documents.notification import Sms
from models.documents.phone import Phone
from models.errors import CountryNotServed, Unavailable
from models.ports import Clock, TextSender
from models.services.notifications.queue import FinishNotifications
from models.stores.notifications import DELIVERED, Taken
from models.stores.quotas import Quotas

log = logging.getLogger(__name__)

DAY_S = 86_400
_ALL_CODES, _ALL_TEXTS = "codes of this site", "texts of this site"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextRules:
    """`countries` as two letters of ISO 3166, empty: all; the rest is per day (of UTC)."""

    countries: Collection[str] = ()
    texts_per_number: int = 3
    texts_of_all: int = 2000
    codes_of_all: int = 50_000
    has_limits: bool = True


@dataclass(frozen=True, slots=True)
class LimitTexts:
    """Texts are what nobody asked for, such as invitations; the codes to one number are counted where they are asked for."""

    quotas: Quotas
    clock: Clock
    rules: TextRules

    def require_served(self, phone: Phone) -> None:
        """Raises CountryNotServed for a number outside the countries that are served, and for what is no valid number."""
        if not self.is_served(phone):
            raise CountryNotServed

    def is_served(self, phone: Phone) -> bool:
        return not self.rules.countries or phone.country in self.rules.countries

    async def count_code(self) -> timedelta | None:
        """Count one more code of all; None while there are not too many today, else how long to wait."""
        if not self.rules.has_limits:
            return None
        now = self.clock.now()
        wait = await self.quotas.take(_ALL_CODES, self.rules.codes_of_all, DAY_S, now)
        if wait is not None:
            await self.quotas.give_back(_ALL_CODES, DAY_S, now)
            log.warning("no more codes are sent today: sms.codes_per_day is reached")
        return wait

    async def admit(self, phones: Collection[Phone]) -> set[str]:
        """Count one text to each of these; returns the numbers that may get it."""
        served = {phone.number: phone.reached for phone in phones if self.is_served(phone)}
        if not self.rules.has_limits or not served:
            return set(served)
        waits = await asyncio.gather(*map(self._count_text, served.values()))
        admitted = {number for number, wait in zip(served, waits, strict=True) if wait is None}
        now = self.clock.now()
        if admitted and await self.quotas.take(_ALL_TEXTS, self.rules.texts_of_all, DAY_S, now, len(admitted)):
            await self.quotas.give_back(_ALL_TEXTS, DAY_S, now, len(admitted))
            log.warning("%d invitations are not texted: sms.texts_per_day is reached", len(admitted))
            return set()
        return admitted

    async def _count_text(self, reached: str) -> timedelta | None:
        return await self.quotas.take(f"texts to {reached}", self.rules.texts_per_number, DAY_S, self.clock.now())


@dataclass(frozen=True, slots=True)
class DeliverText:
    """SMS services know no ids: one that answers too late, or a node that dies between its answer and ours, means two SMS."""

    texts: TextSender
    finish: FinishNotifications

    async def __call__(self, taken: Taken) -> None:
        assert isinstance(taken.what, Sms)
        if self.finish.is_too_late(taken):
            await self.finish.finish(taken, "too late")
            return
        if not self.finish.is_held(taken):
            return
        try:
            await self.texts.send_text(taken.what.phone_text, taken.what.body)
        except Unavailable as refusal:
            asked_s = refusal.retry_after_ms / 1000 if refusal.retry_after_ms is not None else None
            await self.finish.put_back(taken, refusal.message, asked_s=asked_s)
        else:
            await self.finish.finish(taken, DELIVERED)
