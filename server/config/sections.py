"""The sections of the settings, each setting with its range and its default; config.yaml explains them."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationInfo, field_validator

from server.config.values import (
    EMBEDDED,
    ClientIds,
    Count,
    Countries,
    HttpUrl,
    MongodbUrl,
    Name,
    Nameservers,
    Networks,
    Origins,
    PhoneNumber,
    Port,
    RedisUrl,
    Seconds,
    Secret,
    ShownUrl,
    SmsTemplates,
    matching,
)


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, hide_input_in_errors=True)

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth_for_a_number(cls, value: object, info: ValidationInfo) -> object:
        """Refuse true and false as a number: YAML reads yes, on and true alike, and pydantic would take them for 1."""
        if isinstance(value, bool) and cls.model_fields[str(info.field_name)].annotation in (int, float):
            raise ValueError("must be a number")
        return value


class HttpSettings(Section):
    host: str = "127.0.0.1"
    port: Port = 8080
    public_url: ShownUrl = ""
    body_max_bytes: Count = 67_108_864
    bodies_max_bytes: Count = 134_217_728
    compress_from_bytes: Count = 4096
    idle_s: Seconds = 75
    stalled_s: Seconds = 30
    least_bytes_per_s: Seconds = 512
    cors_origins: Origins = ("*",)
    metrics_for: Networks = ("127.0.0.0/8", "::1")
    trusted_proxies: Networks = ()


class MongodbSettings(Section):
    url: MongodbUrl = Field(EMBEDDED, repr=False)
    database: Name = "parley"
    driver: Literal["pymongo", "motor"] = "pymongo"
    binary: str = ""
    cache_mb: int = Field(256, ge=256)
    timeout_s: Seconds = 5


class RedisSettings(Section):
    url: RedisUrl = Field(EMBEDDED, repr=False)
    binary: str = ""
    memory_mb: int = Field(64, ge=8)
    timeout_s: Seconds = 5
    prefix: Name = "parley"


class AuthSettings(Section):
    secret: Secret = SecretStr("")
    session_days: Count = 365
    pin_ttl_s: Seconds = 600
    pin_tries: Count = 5
    pin_resend_s: float = Field(60, ge=0)
    pin_wait_max_s: Seconds = 3600
    pin_sends_per_day: Count = 10
    pin_guesses_per_day: Count = 10
    pin_strangers_per_day: Count = 30
    pin_per_address_per_hour: Count = 30
    pin_guesses_per_address_per_day: Count = 100
    debug_pin: Annotated[str, matching(r"[0-9]*", "must be digits")] = Field("", repr=False)
    public_registration: bool = True
    recycle_days: int = Field(0, ge=0)
    registration_pin_days: Count = 7
    app_scheme: Annotated[str, matching(r"[a-z][a-z0-9+.-]*", "must be the scheme of a link, such as amigo")] = "amigo"


class OAuthSettings(Section):
    client_ids: ClientIds = ("RoVMZF1EIpC2vcfGC864gr4NZsv0mJlyPlE3gtQY",)
    guesses_per_login: Count = 10
    guesses_per_address: Count = 50


class AppSettings(Section):
    app_store_url: HttpUrl = ""
    google_play_url: HttpUrl = ""


class TwilioSettings(Section):
    account_sid: str = ""
    auth_token: SecretStr = SecretStr("")
    from_number: PhoneNumber = ""
    url: HttpUrl = "https://api.twilio.com"


class WebhookSettings(Section):
    url: HttpUrl = ""
    secret: SecretStr = SecretStr("")


class SmsSettings(Section):
    provider: Literal["log", "outbox", "twilio", "webhook"] = "log"
    outbox: Path = Path("outbox.jsonl")
    timeout_s: Seconds = 10
    countries: Countries = ()
    texts_per_number_per_day: Count = 3
    texts_per_day: Count = 2000
    codes_per_day: Count = 50_000
    twilio: TwilioSettings = TwilioSettings()
    webhook: WebhookSettings = WebhookSettings()


class PushSettings(Section):
    enabled: bool = True
    key_file: str = ""
    key_id: str = ""
    team_id: str = ""
    certificate_file: str = ""
    topic: str = ""
    sandbox: bool = False
    server: Annotated[str, matching(r"([^\s/@]+:[0-9]{1,5})?", "must be HOST:PORT, or empty")] = ""
    ca_file: str = ""
    label: str = ""
    message_preview: bool = True
    retry_s: Seconds = 5
    at_once: Count = 64

    @property
    def is_on(self) -> bool:
        """Returns whether pushes are sent: not before there is a key or a certificate that proves to Apple who is sending."""
        return self.enabled and bool(self.key_file or self.certificate_file)

    @property
    def missing(self) -> str:
        """Returns the key that is still needed beside those that are set; empty when nothing is missing."""
        needed = ("key_id", "team_id", "topic") if self.key_file else ("topic",)
        if self.is_on:
            return next((key for key in needed if not getattr(self, key)), "")
        is_begun = self.enabled and (self.key_id or self.team_id or self.topic)
        return "key_file" if is_begun else ""

    @property
    def how_else(self) -> str:
        """Returns words for what could be set in place of the missing key."""
        is_begun = self.missing == "key_file"
        return " (or push.certificate_file, or push.enabled: false)" if is_begun else ""


class SocketSettings(Section):
    ping_interval_s: Seconds = 25
    ping_timeout_s: Seconds = 20
    queue_max_packets: Count = 4096
    queue_max_chars: Count = 16_777_216
    account_max_chars: Count = 33_554_432
    in_flight_max: Count = 128
    join_within_s: Seconds = 30
    joins_per_s: Count = 1000
    join_waits_s: Seconds = 5
    drain_per_s: Count = 500


class NodesSettings(Section):
    host: str = ""
    port: Port = 0
    url: ShownUrl = ""
    passed_on_max: Count = 20_000
    cache_ttl_s: float = Field(30, ge=1, le=300)
    lease_s: float = Field(6, ge=1, le=60)


class LimitSettings(Section):
    enabled: bool = True
    requests_per_s: Seconds = 50
    requests_burst: Count = 200
    messages_per_s: Seconds = 20
    messages_burst: Count = 100
    connects_per_minute: Count = 120
    groups_per_minute: Count = 10
    groups_burst: Count = 30
    new_numbers_per_day: Count = 10_000
    pictures_per_minute: Count = 60
    reports_per_day: Count = 20
    searches_per_s: Seconds = 2
    searches_burst: Count = 20
    sockets_per_account: Count = 50
    lines_per_address: int = Field(2000, ge=0)


class ChatSettings(Section):
    text_max_chars: Count = 16_384
    group_max_members: Count = 10_000
    sync_max_entries: Count = 1000
    sync_max_chats: Count = 200
    delta_max_entries: Count = 5000
    large_chat_members: Count = 32
    receipts_max_members: Count = 256
    expiry_min_s: Count = 60
    expiry_max_s: int = Field(31_536_000, ge=0)
    retention_days: int | None = Field(None, ge=1)


class EventSettings(Section):
    sms_templates: SmsTemplates = (
        "{organizer} invites you to {event_title}. Are you coming? {event_link}",
        "You are invited to {event_title} by {organizer}! See {event_link}",
        "{organizer} would like you to come to {event_title}. Yes or no? {event_link}",
        "{event_title} - {organizer} hopes to see you there! {event_link}",
    )
    messages_per_person: Count = 3
    polls_per_person: Count = 3
    suggestions_per_person: Count = 20
    invitees_max: Count = 1000
    invitations_per_day: Count = 500
    demo: bool = False
    demo_owner: str = ""


class PresenceSettings(Section):
    grace_s: float = Field(3, ge=0)


class TypingSettings(Section):
    expires_s: Seconds = 8


class JournalSettings(Section):
    batch_max_entries: Count = 1000
    queue_max_entries: Count = 20_000


class MediaSettings(Section):
    image_max_bytes: Count = 5_242_880
    audio_max_bytes: Count = 10_485_760
    video_max_bytes: Count = 73_400_320
    document_max_bytes: Count = 104_857_600
    uploads_per_account: Count = 20
    upload_bytes_per_account: Count = 536_870_912
    upload_kept_hours: Count = 24
    photo_max_bytes: Count = 20_971_520
    photo_max_pixels: Count = 50_000_000
    picture_memory_mb: int = Field(384, ge=64)
    picture_cpu_s: Count = 10
    default_pictures: bool = True
    default_picture_font: str = "DejaVuSans.ttf"
    fetch_timeout_s: Seconds = 30
    fetch_max_redirects: int = Field(5, ge=0)
    fetches_per_account: Count = 4
    fetches_at_once: Count = 64
    nameservers: Nameservers = ()
    allow_private_addresses: bool = False


class LinkPreviewSettings(Section):
    enabled: bool = True
    timeout_s: Seconds = 10
    page_max_bytes: Count = 524_288
    image_max_bytes: Count = 5_242_880
    max_redirects: int = Field(3, ge=0)
    default_ports_only: bool = True
    per_account_per_minute: Count = 20
    per_host_per_minute: Count = 60
    at_once: Count = 8
    cached_s: Seconds = 600


class UserSettings(Section):
    visible: Literal["known", "all"] = "known"


class FacebookSettings(Section):
    graph_url: HttpUrl = "https://graph.facebook.com"
    timeout_s: Seconds = 10


class LogSettings(Section):
    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "text", "json"] = "auto"
