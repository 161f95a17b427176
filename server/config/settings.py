"""All settings together, and what must hold between those of different sections."""

from ipaddress import ip_address
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from server.config.sections import (
    AppSettings,
    AuthSettings,
    ChatSettings,
    EventSettings,
    FacebookSettings,
    HttpSettings,
    JournalSettings,
    LimitSettings,
    LinkPreviewSettings,
    LogSettings,
    MediaSettings,
    MongodbSettings,
    NodesSettings,
    OAuthSettings,
    PresenceSettings,
    PushSettings,
    RedisSettings,
    Section,
    SmsSettings,
    SocketSettings,
    TypingSettings,
    UserSettings,
)
from server.config.values import Folder, Seconds
from server.startup_error import StartupError


class ConfigError(StartupError):
    """Raised for a setting that is unknown or bad; `path` names it in full, such as `http.port`."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path
        self.problem = problem


class Settings(Section):
    """All settings. `Settings()` holds the defaults alone; `read_settings` asks the other sources."""

    data_dir: Folder = Path("var")
    shutdown_s: Seconds = 10
    http: HttpSettings = HttpSettings()
    mongodb: MongodbSettings = MongodbSettings()
    redis: RedisSettings = RedisSettings()
    auth: AuthSettings = AuthSettings()
    oauth: OAuthSettings = OAuthSettings()
    apps: AppSettings = AppSettings()
    sms: SmsSettings = SmsSettings()
    push: PushSettings = PushSettings()
    sockets: SocketSettings = SocketSettings()
    nodes: NodesSettings = NodesSettings()
    limits: LimitSettings = LimitSettings()
    chat: ChatSettings = ChatSettings()
    events: EventSettings = EventSettings()
    presence: PresenceSettings = PresenceSettings()
    typing: TypingSettings = TypingSettings()
    journal: JournalSettings = JournalSettings()
    media: MediaSettings = MediaSettings()
    link_previews: LinkPreviewSettings = LinkPreviewSettings()
    users: UserSettings = UserSettings()
    facebook: FacebookSettings = FacebookSettings()
    log: LogSettings = LogSettings()

    def require_providers(self) -> Self:
        """Returns these settings. Raises ConfigError if the SMS provider or Apple needs a key that is not set."""
        sms, missing = self.sms, ""
        if sms.provider == "twilio":
            values = {"account_sid": sms.twilio.account_sid, "auth_token": sms.twilio.auth_token.get_secret_value()}
            values |= {"from_number": sms.twilio.from_number, "url": sms.twilio.url}
            missing = next((f"sms.twilio.{key}" for key, value in values.items() if not value), "")
        elif sms.provider == "webhook" and not sms.webhook.url:
            missing = "sms.webhook.url"
        if missing:
            raise ConfigError(missing, f"needed by sms.provider {sms.provider}")
        if self.push.missing:
            raise ConfigError(f"push.{self.push.missing}", f"needed for pushes{self.push.how_else}")
        if self.push.key_file and self.push.certificate_file:
            raise ConfigError("push.certificate_file", "either a key or a certificate")
        if self.nodes.port and self.nodes.port == self.http.port:
            raise ConfigError("nodes.port", f"{self.nodes.port} is http.port: other nodes need one of their own")
        return self

    def require_alone_with_debug_pin(self) -> Self:
        """Returns these settings. Raises ConfigError if auth.debug_pin, which opens every account, meets a server that others can reach."""
        if not self.auth.debug_pin:
            return self
        reaches = {
            "http.host": not is_loopback(self.http.host),
            "http.trusted_proxies": bool(self.http.trusted_proxies),
            "http.public_url": bool(self.http.public_url) and not is_loopback(_host_of(self.http.public_url)),
            "nodes.host": bool(self.nodes.host) and not is_loopback(self.nodes.host),
            "nodes.url": bool(self.nodes.url) and not is_loopback(_host_of(self.nodes.url)),
        }
        found = next((path for path, does in reaches.items() if does), "")
        if found:
            raise ConfigError(
                "auth.debug_pin",
                f"signs in as anybody, so it needs a server that only this machine reaches; see {found}",
            )
        return self


def is_loopback(host: str) -> bool:
    """Returns whether only this machine can reach a server that listens on `host`. Of names, only `localhost` counts."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
