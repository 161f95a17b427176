"""Builds what looks at the links of messages. The queue is there before the log, whose announcer fills it."""

from collections.abc import Sequence

from models.services.chats.announcer import AnnouncedListener
from models.services.chats.link_previews import LinkQueue, PreviewLinks
from models.services.runtime.token_bucket import TokenBuckets
from server.config import Settings
from server.wiring.chats import ChatLog
from server.wiring.contacts import ContactServices
from server.wiring.media import MediaServices
from server.wiring.stores import Stores


def build_queue(settings: Settings) -> LinkQueue:
    per_minute = settings.link_previews.per_account_per_minute
    return LinkQueue(TokenBuckets(per_minute / 60, per_minute, is_enabled=settings.limits.enabled))


def listeners(settings: Settings, queue: LinkQueue) -> Sequence[AnnouncedListener]:
    """Returns what the announcer calls with each entry: nothing while previews are off."""
    return (queue.announced,) if settings.link_previews.enabled else ()


def build(
    settings: Settings,
    stores: Stores,
    contacts: ContactServices,
    media: MediaServices,
    log: ChatLog,
    queue: LinkQueue,
) -> PreviewLinks:
    return PreviewLinks(
        queue,
        media.look,
        media.store,
        media.remove_unused,
        contacts.directory,
        stores.link_preview_refusals,
        stores.members,
        stores.entries,
        log.journal,
        at_once=settings.link_previews.at_once,
    )
