"""Every setting: its section, its type and range, its default, and the order in which sources win.

Defaults < `config.yaml` < environment (`PARLEY_HTTP__PORT=9000`, `PARLEY_DATA_DIR=...`) < command line. Read once,
frozen, handed out by section. `config.yaml` explains each setting; a test holds the two together.

    values.py    kinds of values, such as an URL or a list of networks     settings.py   all sections, and what must hold between them
    sections.py  each section with its settings                            sources.py    reads the file, the environment, the command line
"""

from server.config.sections import (
    AuthSettings,
    ChatSettings,
    HttpSettings,
    LimitSettings,
    LogSettings,
    MediaSettings,
    MongodbSettings,
    RedisSettings,
)
from server.config.settings import ConfigError, Settings
from server.config.sources import ASSETS, CONFIG_FILE, read_settings
from server.config.values import EMBEDDED, SECRET_MIN_CHARS

__all__ = [
    "ASSETS",
    "CONFIG_FILE",
    "EMBEDDED",
    "SECRET_MIN_CHARS",
    "AuthSettings",
    "ChatSettings",
    "ConfigError",
    "HttpSettings",
    "LimitSettings",
    "LogSettings",
    "MediaSettings",
    "MongodbSettings",
    "RedisSettings",
    "Settings",
    "read_settings",
]
