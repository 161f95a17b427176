"""What the keys and channels of one site are called in Redis, which other sites may share."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RedisNames:
    """Names below `redis.prefix` that no other site has: channels know no database, and accounts are 1, 2, 3, … everywhere.

    `site` is what server/process/site.py makes of the site's id; a test of the bus alone may do without.
    """

    prefix: str
    site: str = ""

    def own(self, name: str) -> str:
        """Returns the name of a channel that may be on any shard where Redis is a cluster."""
        return ":".join(filter(None, [self.prefix, self.site, name]))

    def together(self, name: str) -> str:
        """Returns the name of a key or channel that shares a slot with all others of this kind, as scripts in a cluster demand."""
        return ":".join(filter(None, [f"{{{self.prefix}:nodes}}", self.site, name]))
