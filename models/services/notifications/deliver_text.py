"""Brings one SMS to its phone."""

from dataclasses import dataclass

from models.documents.notification import Text
from models.errors import Unavailable
from models.ports import TextSender
from models.services.notifications.finish_notifications import FinishNotifications
from models.stores.notifications import DELIVERED, Taken


@dataclass(frozen=True, slots=True)
class DeliverText:
    """SMS services know no ids: one that answers too late, or a node that dies between its answer and ours, means two SMS."""

    texts: TextSender
    finish: FinishNotifications

    async def __call__(self, taken: Taken) -> None:
        assert isinstance(taken.what, Text)
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
