"""Accounts as the events API shows them: users."""

from typing import NotRequired

from typing_extensions import TypedDict

from models.documents.account import Account


class UserShown(TypedDict):
    """The full User (events contract 2.1); `auth_token` only where one signs in or registers."""

    id: int
    phone_number: str
    full_name: str
    email: str
    is_active: bool
    notify_new_invite: bool
    notify_invite_rsvp: bool
    notify_contact_joined: bool
    notify_event_full: bool
    notify_upcoming_event: bool
    photo: str | None
    big_photo: str | None
    auth_token: NotRequired[str]


def show_user(account: Account, *, auth_token: str | None = None) -> UserShown:
    """The full User (events contract 2.1), with its token in the answers of signing in and registering."""
    shown: UserShown = {
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
    return shown if auth_token is None else {**shown, "auth_token": auth_token}
