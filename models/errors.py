"""All refusals of the business, a closed list: handlers/errors.py has a status and a body for each (docs/rest.md, "Refusals").

DomainError
├── Malformed ─ FieldErrors, UrlRefused, CountryNotServed, WrongAccount, AccountNotNamed, AccountNotRegistered, NoAccount, LoginNeeded,
│   UnknownLanguage, FacebookTokenMissing, FacebookTokenRefused   the request cannot be read
├── Unauthenticated ─ SessionRevoked   the asker is not known
├── Forbidden ─ NotAnAdmin, NotTheOwner, NotYourMessage, ContactBlocked, PhotoHidden, RegistrationClosed, RegistrationPinNeeded,
│   WrongPin, WrongRegistrationPin
├── NotFound ─ AccountNotFound, ChatNotFound, ContactNotFound, EventNotFound, MediaNotFound, MessageNotFound, ParticipantNotFound, PhotoNotFound,
│   SessionNotFound
├── PageNotFound   of a list that is shown in pages
├── Conflict ─ AccountExists, ClientIdReused, ContactExists, ContactsFull, EventFull, FavouritesFull, GroupFull, LimitReached,
│   MessageDeleted, NotAContact, PinsFull, PollClosed, TooManyInvitees
├── TooLarge, TooLong, UnknownEvent, UnsupportedVersion
├── InvalidClient, InvalidGrant, InvalidScope, UnsupportedGrantType   the refusals of OAuth (RFC 6749, section 5.2)
└── RateLimited ─ TooManySockets, TooManyNewNumbers, Unavailable, InternalFault   (worth trying again)
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from math import ceil
from typing import ClassVar


def whole_ms(wait: timedelta) -> int:
    """Returns a wait in milliseconds, rounded up, for `retry_after_ms`."""
    return ceil(wait.total_seconds() * 1000)


class DomainError(Exception):
    """A refusal: a stable `code` for programs, a sentence for people, and whether trying again can help."""

    code: ClassVar[str]
    text: ClassVar[str]
    retryable: ClassVar[bool] = False

    def __init__(self, text: str | None = None, *, retry_after_ms: int | None = None) -> None:
        self.message = self.text if text is None else text  # empty for a refusal of the events API without words
        self.retry_after_ms = retry_after_ms
        super().__init__(self.message)


class Malformed(DomainError):
    """The request cannot be read: a value is missing, of the wrong type, or impossible."""

    code = "malformed"
    text = "The request is malformed."


class FieldErrors(Malformed):
    """Malformed, with sentences for each field (events API: `{"field": ["…"]}`)."""

    code = "invalid_fields"
    text = "Some fields are invalid."

    def __init__(self, fields: Mapping[str, Sequence[str]]) -> None:
        self.fields = {name: list(texts) for name, texts in fields.items()}
        name, texts = next(iter(self.fields.items()))
        super().__init__(f"{name}: {texts[0]}")


class WrongAccount(Malformed):
    """The account that the request names is not one of its token's. It may belong to somebody else, or not exist."""

    code = "wrong_account"
    text = "This account number is not one of yours."


class UrlRefused(Malformed):
    """The URL cannot be fetched or may not be. For internal addresses the answer does not say which."""

    code = "url_refused"
    text = "This URL cannot be fetched."


class CountryNotServed(Malformed):
    """No codes are sent to this country, or to a text that is no valid number (the setting `sms.countries`)."""

    code = "country_not_served"
    text = "Numbers of this country are not served here."


class TooLarge(DomainError):
    """A file has more bytes than the limit that the sentence names."""

    code = "too_large"
    text = "The file is too large."


class AccountNotNamed(Malformed):
    code = "account_not_named"
    text = "You have several accounts; name the one that is meant."


class AccountNotRegistered(Malformed):
    code = "account_not_registered"
    text = "This account is not registered; prove its number by a code first."


class NoAccount(Malformed):
    code = "no_account"
    text = "You have no account that could be used here; create and register one first."


class LoginNeeded(Malformed):
    """A session that a code opened has one account, and can have no other."""

    code = "login_needed"
    text = "Only a login can have several accounts; this token stands for one."


class UnknownLanguage(Malformed):
    """A language in which this server does not write."""

    code = "unknown_language"
    text = "This language is not one of those that the server writes."


class FacebookTokenMissing(Malformed):
    code = "facebook_token_missing"
    text = "No Facebook access token provided"


class FacebookTokenRefused(Malformed):
    """Facebook does not accept the token, or no longer."""

    code = "facebook_token_refused"
    text = "Invalid Facebook access token"


class TooLong(DomainError):
    """A text is longer than the limit that the sentence names."""

    code = "too_long"
    text = "The text is too long."


class UnknownEvent(DomainError):
    """A socket sent an event that this namespace does not know."""

    code = "unknown_event"
    text = "This namespace knows no such event."


class UnsupportedVersion(DomainError):
    """An upload in parts speaks a version of tus that is not spoken here."""

    code = "unsupported_version"
    text = "Uploads in parts are done by tus 1.0.0 here."


class InvalidClient(DomainError):
    """The `client_id` is missing or unknown."""

    code = "invalid_client"
    text = "The client is not known here."


class InvalidGrant(DomainError):
    """The name or password is wrong, or the refresh token is unknown, used, or another client's. Nobody is told which."""

    code = "invalid_grant"
    text = "These credentials are wrong or no longer valid."


class InvalidScope(DomainError):
    code = "invalid_scope"
    text = "This scope is unknown, or more than was granted before."


class UnsupportedGrantType(DomainError):
    code = "unsupported_grant_type"
    text = "grant_type must be password or refresh_token."


class Unauthenticated(DomainError):
    """There is no token, or one that was never valid here."""

    code = "unauthenticated"
    text = "A valid token is needed."


class SessionRevoked(Unauthenticated):
    """The token was valid, and its session has been ended."""

    code = "session_revoked"
    text = "This session has been ended; sign in again."


class Forbidden(DomainError):
    """The asker is known, but not allowed to do this."""

    code = "forbidden"
    text = "You may not do this."


class NotAnAdmin(Forbidden):
    code = "not_an_admin"
    text = "Only an admin of the group may do this."


class NotTheOwner(Forbidden):
    code = "not_the_owner"
    text = "Only the owner of the event may do this."


class NotYourMessage(Forbidden):
    code = "not_your_message"
    text = "Only the sender may change a message."


class ContactBlocked(Forbidden):
    """The actor blocked this number, and has to unblock it before writing to it."""

    code = "contact_blocked"
    text = "You blocked this number; unblock it first."


class PhotoHidden(Forbidden):
    """There may be a photo, but its owner hides it from the actor."""

    code = "photo_hidden"
    text = "This photo is not shown to you."


class RegistrationClosed(Forbidden):
    code = "registration_closed"
    text = "Public registration is switched off."


class RegistrationPinNeeded(Forbidden):
    """The code is right, and stays good, but the account also has a registration PIN, which has to be given."""

    code = "registration_pin_needed"
    text = "This account has a registration PIN; give it besides the code."


class WrongRegistrationPin(Forbidden):
    """The code is right, and stays good, but the registration PIN is wrong."""

    code = "wrong_registration_pin"
    text = "This is not the registration PIN of this account."


class WrongPin(Forbidden):
    """The code is wrong, used, expired, or guessed too often. Nobody is told which."""

    code = "wrong_pin"
    text = "This is not the code that was sent last, or it is no longer valid."


class NotFound(DomainError):
    """There is no such thing, or the actor may not see it. Nobody is told which."""

    code = "not_found"
    text = "Not found."


class AccountNotFound(NotFound):
    code = "account_not_found"
    text = "There is no such account."


class ChatNotFound(NotFound):
    """There is no such chat, or the actor is not in it. Nobody is told which."""

    code = "chat_not_found"
    text = "There is no such chat."


class ContactNotFound(NotFound):
    code = "contact_not_found"
    text = "There is no such contact."


class EventNotFound(NotFound):
    """There is no such event, or the actor neither owns it nor is invited. Nobody is told which."""

    code = "event_not_found"
    text = "There is no such event."


class MediaNotFound(NotFound):
    code = "media_not_found"
    text = "There is no such file."


class MessageNotFound(NotFound):
    code = "message_not_found"
    text = "There is no such message in this chat."


class ParticipantNotFound(NotFound):
    code = "participant_not_found"
    text = "This number is not in the group."


class PhotoNotFound(NotFound):
    code = "photo_not_found"
    text = "There is no photo."


class SessionNotFound(NotFound):
    code = "session_not_found"
    text = "There is no such session."


class PageNotFound(DomainError):
    """A list has no page of this number. This is no NotFound, which the events API answers differently."""

    code = "page_not_found"
    text = "There is no such page."


class Conflict(DomainError):
    """The request is understood, but does not fit the present state."""

    code = "conflict"
    text = "This does not fit the present state."


class AccountExists(Conflict):
    code = "account_exists"
    text = "You have an account with this number already."


class ClientIdReused(Conflict):
    """The client id already names an entry of another kind. An id names one entry for ever."""

    code = "client_id_reused"
    text = "This client_id was used for something else in this chat."


class ContactExists(Conflict):
    code = "contact_exists"
    text = "This number is already a contact."


class ContactsFull(Conflict):
    code = "contacts_full"
    text = "The address book has reached its largest size."


class NotAContact(Conflict):
    """The number is no contact that uses Parley, and has not written to the actor (docs/messaging-api.md, "Contact rule")."""

    code = "not_a_contact"
    text = "This number is not in your contacts, or does not use Parley."


class FavouritesFull(Conflict):
    code = "favourites_full"
    text = "The list of favourites has reached its largest size."


class MessageDeleted(Conflict):
    code = "message_deleted"
    text = "The message has been deleted."


class PollClosed(Conflict):
    code = "poll_closed"
    text = "The poll is closed."


class EventFull(Conflict):
    """All places of the event are taken. One that is given back is free again."""

    code = "event_full"
    text = "All places of this event are taken."


class TooManyInvitees(Conflict):
    code = "too_many_invitees"
    text = "The event has as many invitees as it can have."


class LimitReached(Conflict):
    """The actor has posted as many as one person may at one event. The sentence says what and how many."""

    code = "limit_reached"
    text = "You have reached the limit."


class GroupFull(Conflict):
    code = "group_full"
    text = "The group has reached its largest size."


class PinsFull(Conflict):
    code = "pins_full"
    text = "As many messages are pinned in this chat as can be."


class RateLimited(DomainError):
    """There were too many requests. `retry_after_ms` is how long to wait."""

    code = "rate_limited"
    text = "Too many requests; wait a moment."
    retryable = True


class TooManyNewNumbers(DomainError):
    """The request holds more new numbers than one account may look up in a day. Nothing of it was done."""

    code = "too_many_new_numbers"
    text = "You have looked up too many new numbers today."
    retryable = True


class TooManySockets(RateLimited):
    """The account has as many connections as it may have. A next one is possible after one of them ends."""

    code = "too_many_sockets"
    text = "This account has too many connections; close one first."


class Unavailable(DomainError):
    """The database cannot be reached, or is behind.

    Trying again with the same client_id loses nothing and stores nothing twice.
    """

    code = "unavailable"
    text = "The server cannot store this now; try again."
    retryable = True


class InternalFault(DomainError):
    """A fault of this server, which is logged. The answer says nothing about it."""

    code = "internal"
    text = "Something went wrong here; try again."
    retryable = True
