"""How people are told who have no client open: what composes pushes and texts, the queue, and what delivers them."""

import ssl
from collections.abc import Callable
from contextlib import AsyncExitStack

from aioapns.connection import AuthorizationHeaderProvider

from models.ports import Clock, ConnectedAccounts, TextSender
from models.services.contacts.directory import Directory
from models.services.notifications.contact_joined import NotifyContactJoined
from models.services.notifications.delivery import DeliverNotifications, RetryRules
from models.services.notifications.devices import ListDevices
from models.services.notifications.message_push import PushMessages
from models.services.notifications.push import AsItStands, DeliverPush
from models.services.notifications.queue import FinishNotifications, Notify
from models.services.notifications.sms import DeliverText
from models.stores.notifications import PUSH, TEXT, Kind
from server.config import ConfigError, Settings
from server.push.apns import ApnsPushes, sign_by, trust
from server.wiring.stores import Stores


class NotificationParts:
    """`notify` is what everybody composes against; `announced` what the announcer tells of messages."""

    def __init__(
        self,
        settings: Settings,
        stores: Stores,
        clock: Clock,
        directory: Directory,
        sockets: ConnectedAccounts,
        texts: TextSender,
        told: Callable[[str, str], None],
    ) -> None:
        """`told` hears the kind and the outcome of each that is done with."""
        push = settings.push
        self._sender = push_sender(settings, clock)
        finish = FinishNotifications(stores.notifications, clock, RetryRules(push.retry_s), told)
        deliver_text = DeliverText(texts, finish)
        self.workers: dict[Kind, DeliverNotifications] = {
            TEXT: DeliverNotifications(TEXT, stores.notifications, deliver_text, clock, at_once=push.at_once)
        }
        if self._sender is not None:
            list_devices = ListDevices(stores.devices, stores.sessions, stores.ownerships, clock)
            as_it_stands = AsItStands(stores.entries)
            deliver = DeliverPush(
                stores.notifications, stores.devices, list_devices, self._sender, finish, as_it_stands
            )
            self.workers[PUSH] = DeliverNotifications(PUSH, stores.notifications, deliver, clock, at_once=push.at_once)
        self.notify = Notify(stores.notifications, stores.devices, self._wake, is_push_on=push.is_on)
        self.notify_contact_joined = NotifyContactJoined(stores.accounts, stores.phone_books, self.notify, clock)
        self._messages = PushMessages(directory, sockets, self.notify, has_preview=push.message_preview)
        self.announced = self._messages.announced if push.is_on else None

    async def open(self, stack: AsyncExitStack) -> None:
        """Start delivering; closed in reverse, so that what is announced last is queued, and perhaps delivered."""
        if self._sender is not None:
            stack.push_async_callback(self._sender.close)
        for worker in self.workers.values():
            await worker.open()
            stack.push_async_callback(worker.close)
        await self._messages.open()
        stack.push_async_callback(self._messages.close)

    def _wake(self) -> None:
        for worker in self.workers.values():
            worker.wake()


def push_sender(settings: Settings, clock: Clock) -> ApnsPushes | None:
    """Apple's service as the settings have it; None while pushes are off, ConfigError for files that cannot be used."""
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
