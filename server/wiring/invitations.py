"""The pages behind the links of invitations."""

from handlers.rest.described import Route
from handlers.rest.events.invitation_pages import AppLinks, InvitationPages
from handlers.rest.form_keys import FormKeys
from models.services.contacts.visibility import MayView
from models.services.events.invitations import AnswerInvitation, OpenInvitation
from server.auth.tokens import derive_key
from server.wiring.domain import Domain


def invitation_routes(domain: Domain) -> list[Route]:
    stores, settings = domain.stores, domain.settings
    pages = InvitationPages(
        OpenInvitation(
            stores.invitation_tokens, stores.events, stores.accounts, MayView(stores.contacts), domain.clock
        ),
        AnswerInvitation(stores.events, domain.require_event, domain.event_outbox, domain.clock),
        FormKeys(derive_key(domain.secret, "forms"), is_https=settings.http.public_url.startswith("https:")),
        domain.request_limit,
        AppLinks(settings.apps.app_store_url, settings.apps.google_play_url),
        # The nodes of one installation share the secret, and nothing else of it lasts as long.
        derive_key(domain.secret, "calendars")[:8].hex(),
    )
    return pages.routes()
