"""The errands of test_clients.py by the client that openapi-python-client generates, as `parley_client`."""

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from parley_client import AuthenticatedClient, Client
from parley_client.api.events import event_post, event_show_page
from parley_client.api.messages import media_message_send_image, message_send_text, message_show_messages
from parley_client.api.o_auth_2 import oauth_post_token
from parley_client.api.sign_in import auth_post, auth_verify
from parley_client.api.users import avatar_change
from parley_client.models import (
    AvatarChangeForm,
    NewEvent,
    OauthPostTokenBody,
    OauthPostTokenBodyGrantType,
    PictureToSendForm,
    PinAsked,
    Proof,
    TextToSend,
)
from parley_client.types import File

T = TypeVar("T")
given = json.loads(os.environ["ERRANDS"])


def shown(answer: T | None) -> T:
    """The answer, which is typed as one of those that may come; a refusal has no attribute that is read of it."""
    assert answer is not None
    return answer


def picture() -> File:
    return File(Path(given["picture"]).open("rb"), "photo.png", "image/png")


nobody = Client(base_url=given["url"])
grant = OauthPostTokenBody(
    grant_type=OauthPostTokenBodyGrantType.PASSWORD,
    client_id=given["client_id"],
    username=given["username"],
    password=given["password"],
)
login = AuthenticatedClient(
    base_url=given["url"], token=shown(oauth_post_token.sync(client=nobody, body=grant)).access_token
)
contact = given["contact"]
for number in range(5):
    text = TextToSend(contact=contact, message=f"message {number}", client_id=f"python {number}")
    shown(message_send_text.sync(client=login, body=text)).seq  # noqa: B018 - a refusal has none
image = PictureToSendForm(contact=contact, caption="Red", filename=picture())
sent = shown(media_message_send_image.sync(client=login, body=image))
read: list[str] = []
before = {}
while page := shown(message_show_messages.sync(contact, client=login, limit=2, **before)).messages:
    read += [message.text or message.caption for message in reversed(page)]
    before = {"before": page[0].id}

asked = auth_post.sync_detailed(client=nobody, body=PinAsked(phone_number=given["phone_number"]))
assert asked.status_code == 204, asked
proof = Proof(phone_number=given["phone_number"], pin=given["pin"])
owner = AuthenticatedClient(base_url=given["url"], token=shown(auth_verify.sync(client=nobody, body=proof)).auth_token)
at = datetime(2031, 5, 2, 20, 30, tzinfo=UTC)
made = [
    shown(
        event_post.sync(
            client=owner,
            body=NewEvent(title=f"For {count}", event_date=at, invite_phone_numbers=given["guests"][:count]),
        )
    )
    for count in (1, 2)
]
titles: list[str] = []
number, total = 1, 1
while len(titles) < total:
    events = shown(event_show_page.sync(client=owner, page=number, per_page=1))
    titles += [event.title for event in events.results]
    number, total = number + 1, events.count
done = {
    "read": read,
    "url": sent.url,
    "invited": [len(event.invitees) for event in made],
    "at": made[0].event_date.isoformat(),
    "titles": sorted(titles),
    "photo": shown(avatar_change.sync(client=owner, body=AvatarChangeForm(photo=picture()))).photo,
}
sys.stdout.write(json.dumps(done) + "\n")
