"""Builds search. The index is there before the log, whose journal tells it of what is stored."""

from dataclasses import dataclass

from models.services.runtime.token_bucket import TokenBuckets
from models.services.search.index import SearchIndex
from models.services.search.search import SearchMessages
from server.config import LimitSettings
from server.wiring.chats import ChatLog
from server.wiring.stores import Stores


@dataclass(frozen=True, slots=True)
class SearchServices:
    """The index, and searching by it."""

    index: SearchIndex
    messages: SearchMessages


def build_index(stores: Stores) -> SearchIndex:
    return SearchIndex(stores.search_blocks, stores.search_log)


def build(stores: Stores, limits: LimitSettings, log: ChatLog, index: SearchIndex) -> SearchServices:
    limit = TokenBuckets(limits.searches_per_s, limits.searches_burst, is_enabled=limits.enabled)
    messages = SearchMessages(
        log.resolve,
        log.memberships,
        stores.members,
        stores.entries,
        stores.search_blocks,
        stores.search_log,
        index,
        limit,
    )
    return SearchServices(index, messages)
