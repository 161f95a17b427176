"""The key that signs tokens: from the settings, else made once and kept in the data directory."""

import contextlib
import os
import secrets

from pydantic import SecretStr

from server.config import SECRET_MIN_CHARS, ConfigError, Settings

FILE_NAME = "auth.secret"


def load_secret(settings: Settings) -> SecretStr:
    """`auth.secret`, else the content of the file of that name in `data_dir`, made with mode 0600 where missing.

    The file appears whole or not at all, so a crash in the middle leaves no half secret, and of two makers one wins.
    """
    if settings.auth.secret.get_secret_value():
        return settings.auth.secret
    path = settings.data_dir / FILE_NAME
    if not path.exists():
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_suffix(f".{secrets.token_hex(8)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    secret = path.read_text("utf-8").strip()
    if len(secret) < SECRET_MIN_CHARS:
        raise ConfigError("auth.secret", f"{path} holds fewer than {SECRET_MIN_CHARS} characters")
    return SecretStr(secret)
