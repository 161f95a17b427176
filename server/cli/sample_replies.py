"""What is done about sample replies at a shell, while the server runs or not: add, remove, list."""

import asyncio
import logging

from models.documents.sample_reply import ReplyType
from models.errors import DomainError
from models.services.events.sample_replies import AddSampleReply, ListSampleReplies, RemoveSampleReply
from models.stores.counters import Counters
from models.stores.sample_replies import SampleReplies
from server.cli.database import open_stores
from server.config import Settings
from server.startup_error import CannotStart


def run_command(settings: Settings, command: str, text: str, kind: str, *, may_make_new: bool = False) -> str:
    """Do it and return what says so; CannotStart says in one line why not. `kind` is "accept" or "reject", for adding."""
    logging.basicConfig(level=logging.WARNING)
    try:
        return asyncio.run(_run(settings, command, text, kind, may_make_new))
    except DomainError as refusal:
        raise CannotStart(refusal.message) from None


async def _run(settings: Settings, command: str, text: str, kind: str, may_make_new: bool) -> str:
    async with open_stores(settings, may_make_new=may_make_new) as stores:
        replies = SampleReplies(stores.database, Counters(stores.database))
        await replies.prepare()  # a text that is there from the beginning can be removed before the first start
        match command:
            case "add-sample-reply":
                reply = await AddSampleReply(replies)(text, ReplyType(kind))
                return f"{reply.type}: {reply.text} is added"
            case "remove-sample-reply":
                await RemoveSampleReply(replies)(text)
                return f"{text.strip()} is removed"
            case "list-sample-replies":
                return "\n".join(f"{reply.type}: {reply.text}" for reply in await ListSampleReplies(replies)())
            case _:
                raise ValueError(command)
