"""Accounts as the events API shows them: users."""

from models.documents.account import Account


def show_user(account: Account, *, auth_token: str | None = None) -> dict[str, object]:
    """The full User (events contract 2.1), with its token in the answers of signing in and registering."""
    shown: dict[str, object] = {
        "id": account.id,
        "phone_number": account.phone.text,
        "full_name": account.full_name,
        "email": account.email,
        "is_active": account.is_registered,
        "notify_new_invite": account.notify.new_invite,
        "notify_invite_rsvp": account.notify.invite_rsvp,
        "notify_contact_joined": account.notify.contact_joined,
        "notify_event_full": account.notify.event_full,
        "notify_upcoming_event": account.notify.upcoming_event,
        "photo": None,
        "big_photo": None,
    }
    return shown if auth_token is None else shown | {"auth_token": auth_token}
