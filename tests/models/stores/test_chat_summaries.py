"""The last message, the last notice and the unread count of a chat are exact whatever its log holds, and cost the same however much it is."""

import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from models.documents.chat import Chat, Role
from models.documents.chat_summary import UNREAD_MAX, ChatSummary
from models.documents.entry import (
    Edit,
    Entry,
    EventSet,
    Joined,
    Kind,
    Left,
    Mention,
    Message,
    PhotoSet,
    PollAdded,
    RoleSet,
    RsvpSet,
    SubjectSet,
    is_notice,
    mentioned_accounts,
)
from models.stores import chat_summaries, unread_counts, unread_mentions
from models.stores import members as members_store
from models.stores.database import Database
from models.stores.ended_entries import EndedEntries
from models.stores.entries import visible
from models.stores.lifetimes import LONG_AGO, NEVER
from tests.support.examined import examined
from tests.support.logs import SINCE, Logs, open_logs

ME, PEER = 7, 3
ROWS_MAX = 130  # of one chat: a hundred entries behind the read mark, and a few more
Write = Callable[[Logs, Chat, int], Awaitable[object]]


@pytest.fixture
async def logs(database: Database) -> Logs:
    return await open_logs(database)


async def head_of(logs: Logs, chat: Chat, account_id: int = ME) -> ChatSummary:
    (head,) = await logs.heads(account_id, [chat.id])
    return head


async def reactions(logs: Logs, chat: Chat, count: int) -> None:
    await logs.react(chat, PEER, 2, count)


async def own_messages(logs: Logs, chat: Chat, count: int) -> None:
    await logs.say(chat, ME, count)


async def kept_back(logs: Logs, chat: Chat, count: int) -> None:
    await logs.say(chat, PEER, count, hidden_from=[ME])


async def own_kept_back(logs: Logs, chat: Chat, count: int) -> None:
    await logs.say(chat, ME, count, hidden_from=[PEER])


async def deleted(logs: Logs, chat: Chat, count: int) -> None:
    await logs.say(chat, PEER, count, deleted=True)


async def deleted_for_me(logs: Logs, chat: Chat, count: int) -> None:
    last = await logs.say(chat, PEER, count)
    for seq in range(last - count + 1, last + 1, 1):
        await logs.members.hide_message(chat.id, ME, seq)


async def notices_for_others(logs: Logs, chat: Chat, count: int) -> None:
    await logs.write(chat, [(PEER, RoleSet(PEER + 1, "494", Role.ADMIN))] * count)


@pytest.mark.parametrize("write", [reactions, own_messages, kept_back, own_kept_back, deleted])
@pytest.mark.parametrize("count", [500, 5000])
async def test_a_chat_costs_the_same_whatever_follows_the_read_mark(logs: Logs, write: Write, count: int) -> None:
    chat = await logs.direct(ME, PEER)
    await logs.say(chat, PEER, 3)
    await write(logs, chat, count)

    async with examined(logs.database) as cost:
        head = await head_of(logs, chat)

    assert head.unread == 3
    assert cost.rows <= ROWS_MAX


async def test_a_chat_costs_the_same_however_much_of_it_was_deleted_for_me(logs: Logs) -> None:
    chat = await logs.direct(ME, PEER)
    await logs.say(chat, PEER, 3)
    await deleted_for_me(logs, chat, 300)

    async with examined(logs.database) as cost:
        head = await head_of(logs, chat)

    assert head.unread == 3
    assert head.last is not None
    assert head.last.seq == 3
    assert cost.rows <= ROWS_MAX


async def test_a_list_costs_the_same_however_long_its_chats_are(logs: Logs) -> None:
    costs = []
    for length in (210, 2100):
        account_id = ME + length
        for number in range(20):
            chat = await logs.direct(account_id, PEER + number)
            last = await logs.say(chat, PEER + number, length)
            await logs.members.advance_receipts({(chat.id, account_id, True): (last, last)})
        async with examined(logs.database) as cost:
            found = await logs.heads(account_id)
        assert len(found) == 20
        costs.append(cost.rows)
    assert costs[0] == costs[1]
    assert costs[0] <= 20 * 10


async def test_unread_is_counted_no_further_than_is_shown(logs: Logs) -> None:
    chat = await logs.group(PEER, ME)
    await logs.say(chat, PEER, 20_000)

    async with examined(logs.database) as cost:
        head = await head_of(logs, chat)

    assert head.unread == UNREAD_MAX
    assert cost.rows <= UNREAD_MAX + ROWS_MAX


async def test_many_members_of_one_chat_share_what_is_read_of_it(logs: Logs) -> None:
    members = list(range(100, 150))
    chat = await logs.group(*members)
    for count in range(50):
        await logs.say(chat, members[count], 60)

    async with examined(logs.database) as cost:
        found = await logs.heads.of_all(members, [chat.id])

    assert {head.unread for heads_ in found.values() for head in heads_} == {UNREAD_MAX}
    assert cost.rows <= 2 * UNREAD_MAX + len(members) * ROWS_MAX


async def test_what_concerns_others_costs_no_more_than_what_is_counted(logs: Logs) -> None:
    chat = await logs.group(PEER, PEER + 1, ME)
    await notices_for_others(logs, chat, 5000)

    async with examined(logs.database) as cost:
        head = await head_of(logs, chat)

    assert head.unread == 0  # the entry by which I came is behind more of them than are looked through
    assert cost.rows <= UNREAD_MAX + ROWS_MAX


async def test_a_notice_is_shown_to_whom_it_concerns_until_it_is_read(logs: Logs) -> None:
    chat = await logs.group(PEER, ME)
    await logs.say(chat, PEER)
    last = await logs.write(chat, [(PEER, RoleSet(ME, f"49{ME}", Role.ADMIN))])

    mine, others = await head_of(logs, chat), await head_of(logs, chat, PEER)
    assert (mine.unread, mine.notice and mine.notice.seq) == (3, last)
    assert (others.unread, others.notice) == (0, None)

    await logs.members.advance_receipts({(chat.id, ME, True): (last, last)})
    mine = await head_of(logs, chat)
    assert (mine.unread, mine.notice) == (0, None)


async def test_a_chat_without_a_message_shows_how_its_reader_came(logs: Logs) -> None:
    chat = await logs.group(PEER, PEER + 1, ME)
    await logs.members.advance_receipts({(chat.id, ME, True): (1, 1)})

    head = await head_of(logs, chat)

    assert (head.unread, head.last) == (0, None)
    assert head.notice is not None
    assert head.notice.body == Joined((ME,), (f"49{ME}",))  # and names nobody else: there may be thousands


@pytest.mark.parametrize("others", [0, 9])
async def test_mentions_are_counted_without_reading_what_mentions_nobody_or_others(logs: Logs, others: int) -> None:
    members = [PEER, ME, *range(200, 200 + others)]
    chat = await logs.group(*members)
    for account_id in (ME, PEER, PEER):
        await logs.write(
            chat, [(PEER, Message(text="@", mentions=(Mention(account_id, f"49{account_id}", 0, 1),)))] * 5
        )
    await logs.say(chat, PEER, 2000)

    async with examined(logs.database) as cost:
        found = await logs.heads.of_all([ME, *members[2:]], [chat.id])

    assert [head.mentioned for (head,) in found.values()] == [5, *[0] * others]
    assert cost.rows <= UNREAD_MAX + 200 + (1 + others) * ROWS_MAX


@pytest.mark.parametrize("is_near", [True, False])
@pytest.mark.parametrize("seed", range(6))
async def test_every_head_is_what_the_log_says(
    logs: Logs, seed: int, is_near: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not is_near:
        monkeypatch.setattr(chat_summaries, "NEAR", 2)
        monkeypatch.setattr(unread_counts, "NEAR", 2)
        monkeypatch.setattr(unread_counts, "SHARED_ROWS", 7)
        monkeypatch.setattr(unread_mentions, "SHARED_ROWS", 7 if seed % 2 else 70)
    monkeypatch.setattr(members_store, "HIDDEN_MAX", 4)
    monkeypatch.setattr(members_store, "HIDDEN_KEPT", 2)
    dice = random.Random(seed)
    people = [1, 2, 3, 5, ME]
    direct, group = await logs.direct(ME, PEER), await logs.group(*people)
    for chat, members in ((direct, [ME, PEER]), (group, people)):
        for _ in range(40):
            await _happen(logs, chat, members, dice)
    await logs.change(group, 2, Left(2, "492"))
    await logs.say(group, 1, 3)
    if not is_near:  # where an index counts them alone, messages that are over count until they are swept
        ended = EndedEntries(logs.database)
        over = await ended.list_expired(datetime.now(UTC), 10_000)
        await ended.erase(over)
        await ended.settle(over)

    for chat, members in ((direct, [ME, PEER]), (group, people)):
        found = await logs.heads.of_all(members, [chat.id])
        for account_id in members:
            (head,) = found[account_id]
            entries = await logs.entries.list_range(chat.id, 1, 10_000, limit=10_000)
            assert (head.last and head.last.seq, head.unread, head.unread_messages) == _expected(entries, head)
            assert head.mentioned == len(_mentioning(entries, head))


async def _happen(logs: Logs, chat: Chat, members: list[int], dice: random.Random) -> None:
    sender = dice.choice(members)
    others = [one for one in members if one != sender]
    end = logs.end_of(chat)
    match dice.randrange(14):
        case 0 | 1 | 2:
            await logs.say(chat, sender, dice.randint(1, 3))
        case 11 | 12 | 13:
            await _mention(logs, chat, members, sender, dice)
        case 3:
            await logs.react(chat, sender, max(end, 1), dice.randint(1, 3))
        case 4 if len(members) == 2:
            await logs.say(chat, sender, dice.randint(1, 3), hidden_from=others)
        case 5 if end:
            entry = await logs.entries.find(chat.id, end)
            if entry is not None and entry.kind is Kind.MESSAGE:
                await logs.delete(chat, entry.sender_id, end)
        case 6 if end:
            await logs.members.hide_message(chat.id, sender, dice.randint(max(1, end - 2), end))
        case 7 if end:
            seq = dice.randint(max(1, end - 10), end)
            await logs.members.advance_receipts({(chat.id, sender, True): (seq, seq)})
        case 8:
            times = {"expires_at": dice.choice([LONG_AGO, NEVER])}
            await logs.say(chat, sender, dice.randint(1, 3), **times)
        case 9 if end and not dice.randrange(4):
            await logs.members.clear(chat.id, sender, dice.randint(max(1, end - 20), end))
        case 10 if len(members) > 2:
            whom = dice.choice(members)
            body = dice.choice(
                [
                    Joined((whom, 99), (f"49{whom}", "4999")),
                    Left(whom, f"49{whom}"),
                    RoleSet(whom, f"49{whom}", Role.ADMIN),
                    RsvpSet(1, answer=True),
                    PollAdded(1, SINCE),
                    EventSet(("title",)),
                    EventSet(("title", "date")),
                    EventSet(("canceled",)),
                    SubjectSet("Other"),
                    PhotoSet(None),
                ]
            )
            await logs.write(chat, [(sender, body)])


async def _mention(logs: Logs, chat: Chat, members: list[int], sender: int, dice: random.Random) -> None:
    """Mention some of the members in a new message, or in an edit of one of the last messages."""
    mentions = tuple(Mention(one, f"49{one}", 0, 1) for one in dice.sample(members, dice.randrange(len(members))))
    end = logs.end_of(chat)
    seq = dice.randint(max(1, end - 5), end) if end else 0
    entry = await logs.entries.find(chat.id, seq) if dice.randrange(3) == 0 else None
    if entry is not None and entry.kind is Kind.MESSAGE:
        await logs.edit(chat, entry.sender_id, Edit(seq, "@", mentions))
        return
    fields: dict[str, Any] = {"expires_at": dice.choice([LONG_AGO, NEVER])} if dice.randrange(3) == 0 else {}
    if len(members) == 2 and dice.randrange(2):
        fields["hidden_from"] = [one for one in members if one != sender]
    await logs.write(chat, [(sender, Message(text="@", mentions=mentions * 2))], **fields)


def _expected(entries: list[Entry], head: ChatSummary) -> tuple[Any, int, int]:
    """The seq of the last message, or None, how much is unread, and how many messages: by the rule, read from the whole log."""
    member = head.member
    came = member.spans[-1].first
    seen = [one for one in visible(entries, member) if one.kind is Kind.MESSAGE and one.seq >= came]
    assert len(member.hidden) <= 4
    unread = [
        one
        for one in (*seen, *_concerning(visible(entries, member), head))
        if one.seq > member.read and one.sender_id != member.account_id and not _is_deleted(entries, one)
    ]
    return seen[-1].seq if seen else None, len(unread), sum(one.kind is Kind.MESSAGE for one in unread)


def _mentioning(entries: list[Entry], head: ChatSummary) -> list[Entry]:
    """The unread messages of others that mention the member, as the whole log has them now."""
    member = head.member
    return [
        one
        for one in visible(entries, member)
        if one.kind is Kind.MESSAGE
        and one.seq > member.read
        and one.seq >= member.spans[-1].first
        and one.sender_id != member.account_id
        and member.account_id in mentioned_accounts(one)
    ]


def _concerning(entries: list[Entry], head: ChatSummary) -> list[Entry]:
    """What docs/protocol.md names beside messages, besides who wrote it."""
    account_id = head.member.account_id
    found = []
    for entry in entries:
        match entry.body:
            case Joined(accounts):
                concerns = account_id in accounts
            case Left(whom) | RoleSet(whom):
                concerns = whom == account_id
            case RsvpSet() | PollAdded():
                concerns = head.chat.created_by == account_id
            case body:
                concerns = is_notice(body)
        if concerns:
            found.append(entry)
    return found


def _is_deleted(entries: list[Entry], message: Entry) -> bool:
    return next(one for one in entries if one.seq == message.seq).is_deleted
