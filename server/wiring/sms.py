"""Chooses the SMS provider that the settings name."""

import aiohttp

from models.ports import Clock
from server.config import Settings
from server.sms.log import LoggedCodes
from server.sms.outbox import OutboxCodes
from server.sms.twilio import TwilioCodes
from server.sms.webhook import WebhookCodes

Provider = LoggedCodes | OutboxCodes | TwilioCodes | WebhookCodes


def sms_provider(settings: Settings, http: aiohttp.ClientSession, clock: Clock) -> Provider:
    sms = settings.sms
    match sms.provider:
        case "log":
            return LoggedCodes()
        case "outbox":
            return OutboxCodes(settings.data_dir / sms.outbox, clock)
        case "twilio":
            return TwilioCodes(
                http,
                account_sid=sms.twilio.account_sid,
                auth_token=sms.twilio.auth_token.get_secret_value(),
                from_number=sms.twilio.from_number,
                url=str(sms.twilio.url),
                timeout_s=sms.timeout_s,
            )
        case "webhook":
            return WebhookCodes(
                http,
                clock,
                url=str(sms.webhook.url),
                secret=sms.webhook.secret.get_secret_value(),
                timeout_s=sms.timeout_s,
            )
