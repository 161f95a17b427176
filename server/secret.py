"""Keeps secrets that are generated once in the data directory; the settings may name the one that signs tokens."""

import contextlib
import os
import secrets
from pathlib import Path

from pydantic import SecretStr

from server.config import SECRET_MIN_CHARS, ConfigError, Settings

FILE_NAME = "auth.secret"


def load_secret(settings: Settings) -> SecretStr:
    """Returns `auth.secret`, else the content of the file of that name in `data_dir`, which is generated if missing."""
    if settings.auth.secret.get_secret_value():
        return settings.auth.secret
    path = settings.data_dir / FILE_NAME
    secret = keep_secret(path)
    if len(secret) < SECRET_MIN_CHARS:
        raise ConfigError("auth.secret", f"{path} holds fewer than {SECRET_MIN_CHARS} characters")
    return SecretStr(secret)


def find_secret(settings: Settings) -> SecretStr | None:
    """Returns what `load_secret` returns, or None where the file was never generated."""
    is_there = settings.auth.secret.get_secret_value() or (settings.data_dir / FILE_NAME).exists()
    return load_secret(settings) if is_there else None


def keep_secret(path: Path) -> str:
    """Returns the content of this file, generated with mode 0600 if missing: 64 hexadecimal digits.

    It is written atomically, so a crash leaves no half of a secret, and of two writers one wins.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_suffix(f".{secrets.token_hex(8)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return path.read_text("utf-8").strip()
