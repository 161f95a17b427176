"""Names of a site's keys and channels in Redis, which other sites may share."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RedisNames:
    """Names below `redis.prefix` that no other site has: channels know no database, and accounts are 1, 2, 3, … everywhere.

    `site` is made of the site's id by server/process/site.py; a test of the bus alone may leave it empty.
    """

    prefix: str
    site: str = ""

    def own(self, name: str) -> str:
        """Returns the name of a channel that may be on any shard where Redis is a cluster."""
        return ":".join(filter(None, [self.prefix, self.site, name]))

    def together(self, name: str) -> str:
        """Returns the name of a key or channel that shares a slot with all others of this kind, as scripts in a cluster demand."""
        return ":".join(filter(None, [f"{{{self.prefix}:nodes}}", self.site, name]))
