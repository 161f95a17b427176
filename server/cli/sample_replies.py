"""Commands for sample replies at a shell: add, remove, list."""

from functools import partial

from models.documents.sample_reply import ReplyType
from models.services.events.sample_replies import AddSampleReply, RemoveSampleReply
from models.stores.counters import Counters
from models.stores.sample_replies import SampleReplies
from server.cli.database import OpenStores, run_on_stores
from server.config import Settings


def run_command(settings: Settings, command: str, text: str, kind: str, *, may_make_new: bool = False) -> str:
    """Add, remove or list sample replies. Returns the lines that say so; `kind` is "accept" or "reject", for adding.

    StartupError says in one line why it was not done.
    """
    return run_on_stores(settings, partial(_run, command, text, kind), may_make_new=may_make_new)


async def _run(command: str, text: str, kind: str, stores: OpenStores) -> str:
    replies = SampleReplies(stores.database, Counters(stores.database))
    await replies.prepare()  # so that built-in texts can be removed before the first start of the server
    match command:
        case "add-sample-reply":
            reply = await AddSampleReply(replies)(text, ReplyType(kind))
            return f"{reply.type}: {reply.text} is added"
        case "remove-sample-reply":
            await RemoveSampleReply(replies)(text)
            return f"{text.strip()} is removed"
        case "list-sample-replies":
            return "\n".join(f"{reply.type}: {reply.text}" for reply in await replies.list_all())
        case _:
            raise ValueError(command)
