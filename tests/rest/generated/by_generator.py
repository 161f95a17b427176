"""The errands of test_clients.py by the client that openapi-generator generates for Python, as `openapi_client`."""

import json
import os
import sys
from datetime import UTC, datetime

from openapi_client import (
    ApiClient,
    Configuration,
    EventsApi,
    MessagesApi,
    NewEvent,
    OAuth2Api,
    OauthPostTokenBody,
    PinAsked,
    Proof,
    SignInApi,
    TextToSend,
    UsersApi,
)

given = json.loads(os.environ["ERRANDS"])


def client(token: str | None = None) -> ApiClient:
    return ApiClient(Configuration(host=given["url"], access_token=token))


grant = OauthPostTokenBody(
    grant_type="password",
    client_id=given["client_id"],
    username=given["username"],
    password=given["password"],
)
login = MessagesApi(client(OAuth2Api(client()).oauth_post_token(grant).access_token))
contact = given["contact"]
for number in range(5):
    login.message_send_text(TextToSend(contact=contact, message=f"message {number}", client_id=f"generator {number}"))
sent = login.media_message_send_image(contact=contact, caption="Red", filename=given["picture"])
read: list[str | None] = []
before = None
while page := login.message_show_messages(contact, limit=2, before=before).messages:
    read += [message.text or message.caption for message in reversed(page)]
    before = page[0].id

sign_in = SignInApi(client())
sign_in.auth_post(PinAsked(phone_number=given["phone_number"]))
proved = sign_in.auth_verify(Proof(phone_number=given["phone_number"], pin=given["pin"]))
owner = EventsApi(client(proved.auth_token))
at = datetime(2031, 5, 2, 20, 30, tzinfo=UTC)
made = [
    owner.event_post(NewEvent(title=f"For {count}", event_date=at, invite_phone_numbers=given["guests"][:count]))
    for count in (1, 2)
]
titles: list[str] = []
number, total = 1, 1
while len(titles) < total:
    events = owner.event_show_page(page=number, per_page=1)
    titles += [event.title for event in events.results]
    number, total = number + 1, events.count
done = {
    "read": read,
    "url": sent.url,
    "invited": [len(event.invitees) for event in made],
    "at": made[0].event_date.isoformat(),
    "titles": sorted(titles),
    "photo": UsersApi(owner.api_client).avatar_change(photo=given["picture"]).photo,
}
sys.stdout.write(json.dumps(done) + "\n")
