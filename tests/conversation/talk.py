"""What people in these tests do over and over: arrive, say something, be refused, and hear nothing."""

from itertools import count
from typing import Any

from tests.support.node import Device, Node, Person

TYPING_EXPIRES_S = 3.0  # a busy machine must get through what a test does before it ends by itself
RECEIPTS_MAX_MEMBERS = 6

_numbers = count(49_302_000_000)
_client_ids = count()


async def newcomers(node: Node, how_many: int) -> list[Person]:
    """People nobody knows yet."""
    return [await node.sign_in(str(next(_numbers))) for _ in range(how_many)]


async def friends(node: Node, how_many: int) -> list[Person]:
    """People who have each other as contacts."""
    people = await newcomers(node, how_many)
    await node.befriend(*people)
    return people


async def phones(node: Node, *people: Person) -> list[Device]:
    return [await node.connect(person) for person in people]


async def answered(device: Device, event: str, body: dict[str, Any], namespace: str = "/chat") -> dict[str, Any]:
    """The answer to a request that must succeed."""
    answer = await device.ask(event, body, namespace)
    assert answer["ok"], answer
    return answer


async def refused(device: Device, event: str, body: dict[str, Any], namespace: str = "/chat") -> str:
    """The code with which a request is refused; every refusal comes with a sentence."""
    answer = await device.ask(event, body, namespace)
    assert not answer["ok"], answer
    assert answer["error"]["message"]
    code: str = answer["error"]["code"]
    return code


async def say(device: Device, text: str = "hello", **target: Any) -> dict[str, Any]:
    """Send a text to a chat, a contact or a group; the message."""
    body = {"client_id": f"say-{next(_client_ids)}", "text": text, **target}
    message: dict[str, Any] = (await answered(device, "message_send", body))["message"]
    return message


async def hear(device: Device, text: str) -> dict[str, Any]:
    """Wait for a message with this text."""
    await device.until(lambda: text in texts(device))
    return next(message for message in messages(device) if message.get("text") == text)


async def silence(listener: Device, speaker: Device) -> None:
    """Everything that was said to the listener before has arrived: a last message, in a chat of these two, comes after it."""
    text = f"marker {next(_client_ids)}"
    await say(speaker, text, contact=listener.person.number)
    await hear(listener, text)


def messages(device: Device) -> list[dict[str, Any]]:
    return [body["message"] for body in device.told("message_created")]


def texts(device: Device) -> list[str]:
    return [message.get("text", "") for message in messages(device)]


def about(device: Device, chat: int) -> list[tuple[str, Any]]:
    """All that a device was told of one chat, by event and body."""
    return [
        (event, body)
        for _, event, body in device.heard
        if event != "ready" and (body.get("chat") == chat or body.get("message", {}).get("chat") == chat)
    ]


async def history(device: Device, chat: int, **options: Any) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = (await answered(device, "history", {"chat": chat, **options}))["entries"]
    return entries


async def synced(device: Device, cursors: dict[int, int] | None = None) -> dict[int, dict[str, Any]]:
    """The first answer of sync, by chat."""
    body = {"cursors": {str(chat): cursor for chat, cursor in (cursors or {}).items()}}
    return {state["chat"]: state for state in (await answered(device, "sync", body))["chats"]}
