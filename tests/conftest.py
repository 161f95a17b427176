"""What every test may ask for."""

from tests.stores import database, driver, mongodb_url

__all__ = ["database", "driver", "mongodb_url"]
