"""Builds the services of models/services/groups: creating groups, and changing their members and subjects."""

from dataclasses import dataclass

from models.ports import Clock
from models.services.contacts.contact_rule import RequireContact
from models.services.groups.groups import CreateGroup, GetGroup, ListGroups, SetSubject
from models.services.groups.members import AddParticipant, LeaveGroup, RemoveParticipant, RequireParticipants, SetRole
from models.services.groups.pinners import SetPinners
from models.services.groups.turn import ChangeGroup
from models.services.runtime.token_bucket import TokenBuckets
from server.config import Settings
from server.wiring.chats import ChatLog
from server.wiring.stores import Stores


@dataclass(frozen=True, slots=True)
class GroupServices:
    """Groups and their members; each change of one goes through `change`."""

    change: ChangeGroup
    create: CreateGroup
    list_groups: ListGroups
    get: GetGroup
    set_subject: SetSubject
    add_participant: AddParticipant
    remove_participant: RemoveParticipant
    set_role: SetRole
    leave: LeaveGroup
    set_pinners: SetPinners


def build(
    stores: Stores, clock: Clock, settings: Settings, require_contact: RequireContact, log: ChatLog
) -> GroupServices:
    limits, members_max = settings.limits, settings.chat.group_max_members
    chats, members, memberships, record = stores.chats, stores.members, log.memberships, log.record
    change = ChangeGroup(chats, members, memberships, record)
    leave = LeaveGroup(change, members, record)
    participants = RequireParticipants(require_contact)
    limit = TokenBuckets(limits.groups_per_minute / 60, limits.groups_burst, is_enabled=limits.enabled)
    return GroupServices(
        change,
        CreateGroup(chats, participants, record, clock, members_max, limit),
        ListGroups(chats, members),
        GetGroup(chats, members, memberships),
        SetSubject(change, record),
        AddParticipant(change, participants, record, members_max),
        RemoveParticipant(change, leave, record),
        SetRole(change, members, record),
        leave,
        SetPinners(change, record),
    )
