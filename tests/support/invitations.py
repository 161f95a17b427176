"""Events on a running node, and the links of their invitations."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from models.documents.event import Event
from tests.support.node import Node, Person
from tests.support.parts import services_of

SOON = timedelta(days=3)


@dataclass
class Invitations:
    """What owners do by REST, and the texts that their guests would be sent."""

    node: Node

    async def create(self, owner: Person, *guests: str, **fields: Any) -> Event:
        """An event of `owner`, in three days if no date is given, to which these numbers are invited."""
        plan: dict[str, Any] = {"title": "Dinner", "event_date": datetime.now(UTC) + SOON, "total_spots": 5} | fields
        plan |= {"event_date": plan["event_date"].isoformat(), "invite_phone_numbers": [f"+{one}" for one in guests]}
        status, shown = await self.node.rest("POST", "/events", owner, json=plan)
        assert status == 201, shown
        return await self.read(shown["id"])

    async def edit(self, owner: Person, event: Event, **fields: Any) -> None:
        status, shown = await self.node.rest("PATCH", f"/events/{event.id}", owner, json=fields)
        assert status == 200, shown

    async def cancel(self, owner: Person, event: Event) -> None:
        status, shown = await self.node.rest("PUT", f"/events/{event.id}/cancel_event", owner)
        assert status == 204, shown

    async def link(self, event: Event, number: str) -> str:
        """The token of a link that this number could be sent."""
        invitation = next(each for each in event.invitations if each.phone.number == number)
        tokens = await services_of(self.node).runtime.stores.invitation_tokens.issue(
            event.id, {invitation.id: invitation.account_id}, f"item of {event.id}", datetime.now(UTC)
        )
        return tokens[invitation.id]

    async def read(self, event_id: int) -> Event:
        """As it stands now."""
        found = await services_of(self.node).runtime.stores.events.find(event_id)
        assert found is not None
        return found
