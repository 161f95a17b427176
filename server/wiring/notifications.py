"""Builds the services of models/services/notifications: composing pushes and texts, the queue, and delivery."""

import ssl
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from aioapns.connection import AuthorizationHeaderProvider

from models.ports import Clock, ConnectedAccounts, TextSender
from models.services.chats.announcer import AnnouncedListener
from models.services.contacts.directory import Directory
from models.services.notifications.contact_joined import NotifyContactJoined
from models.services.notifications.delivery import DeliverNotifications, RetryRules
from models.services.notifications.devices import AddDevice, ListDevices, RemoveDevice
from models.services.notifications.message_push import PushMessages
from models.services.notifications.push import AsItStands, DeliverPush
from models.services.notifications.queue import FinishNotifications, Notify
from models.services.notifications.sms import DeliverText, LimitTexts, TextRules
from models.stores.notifications import PUSH, TEXT, Kind
from server.config import ConfigError, Settings
from server.push.apns import ApnsPushes, sign_by, trust
from server.wiring.stores import Stores


@dataclass(frozen=True, slots=True)
class NotificationServices:
    """Composes and delivers notifications.

    Services compose by `notify`. The announcer calls each of `announced` with every message; there are none while
    pushes are off.
    """

    workers: Mapping[Kind, DeliverNotifications]
    notify: Notify
    limit_texts: LimitTexts
    contact_joined: NotifyContactJoined
    add_device: AddDevice
    remove_device: RemoveDevice
    announced: Sequence[AnnouncedListener]
    _messages: PushMessages
    _sender: ApnsPushes | None

    async def open(self, stack: AsyncExitStack) -> None:
        """Start delivering.

        Closed in reverse, so that pushes for the last announced messages are queued, and perhaps delivered.
        """
        if self._sender is not None:
            stack.push_async_callback(self._sender.close)
        for worker in self.workers.values():
            await worker.open()
            stack.push_async_callback(worker.close)
        await self._messages.open()
        stack.push_async_callback(self._messages.close)


def build(
    stores: Stores,
    clock: Clock,
    settings: Settings,
    directory: Directory,
    sockets: ConnectedAccounts,
    texts: TextSender,
    done: Callable[[str, str], None],
) -> NotificationServices:
    """`done` is called with the kind and the outcome of each notification that is finished."""
    push, sender = settings.push, push_sender(settings, clock)
    workers = _workers(stores, clock, settings, texts, sender, done)

    def wake() -> None:
        for worker in workers.values():
            worker.wake()

    notify = Notify(stores.notifications, stores.devices, wake, is_push_on=push.is_on)
    messages = PushMessages(
        directory,
        stores.languages,
        sockets,
        notify,
        stores.members,
        has_preview=push.message_preview,
        lifetimes=stores.lifetimes,
    )
    return NotificationServices(
        workers,
        notify,
        LimitTexts(stores.quotas, clock, _text_rules(settings)),
        NotifyContactJoined(stores.accounts, stores.phone_books, stores.languages, notify, clock),
        AddDevice(stores.devices, clock),
        RemoveDevice(stores.devices),
        (messages.announced,) if push.is_on else (),
        messages,
        sender,
    )


def _workers(
    stores: Stores,
    clock: Clock,
    settings: Settings,
    texts: TextSender,
    sender: ApnsPushes | None,
    done: Callable[[str, str], None],
) -> dict[Kind, DeliverNotifications]:
    """Returns the deliverers by kind; pushes have one only while they are on."""
    push, queue = settings.push, stores.notifications
    finish = FinishNotifications(queue, clock, RetryRules(push.retry_s), done)
    workers = {TEXT: DeliverNotifications(TEXT, queue, DeliverText(texts, finish), clock, at_once=push.at_once)}
    if sender is not None:
        list_devices = ListDevices(stores.devices, stores.sessions, stores.ownerships, clock)
        as_it_stands = AsItStands(stores.entries, stores.languages, stores.members)
        deliver = DeliverPush(queue, stores.devices, list_devices, sender, finish, as_it_stands)
        workers[PUSH] = DeliverNotifications(PUSH, queue, deliver, clock, at_once=push.at_once)
    return workers


def _text_rules(settings: Settings) -> TextRules:
    sms = settings.sms
    return TextRules(
        countries=sms.countries,
        texts_per_number=sms.texts_per_number_per_day,
        texts_of_all=sms.texts_per_day,
        codes_of_all=sms.codes_per_day,
        has_limits=settings.limits.enabled,
    )


def push_sender(settings: Settings, clock: Clock) -> ApnsPushes | None:
    """Returns Apple's service as the settings have it, None while pushes are off. ConfigError for files that cannot be used."""
    push = settings.push
    if not push.is_on:
        return None
    return ApnsPushes(
        clock,
        topic=push.topic,
        context=_context(settings),
        signature=_signature(settings) if push.key_file else None,
        is_sandbox=push.sandbox,
        server=push.server,
        label=push.label,
    )


def _context(settings: Settings) -> ssl.SSLContext:
    setting, name = "push.ca_file", settings.push.ca_file
    try:
        context = trust(str(settings.data_dir / name) if name else None)
        setting, name = "push.certificate_file", settings.push.certificate_file
        if name:
            context.load_cert_chain(settings.data_dir / name)
    except OSError as error:
        raise ConfigError(setting, f"cannot be used ({error.strerror or error})") from None
    return context


def _signature(settings: Settings) -> AuthorizationHeaderProvider:
    push = settings.push
    try:
        return sign_by((settings.data_dir / push.key_file).read_text("ascii"), push.key_id, push.team_id)
    except OSError as error:
        raise ConfigError("push.key_file", f"cannot be read ({error.strerror})") from None
    except ValueError:
        raise ConfigError("push.key_file", "is no token key (.p8)") from None
