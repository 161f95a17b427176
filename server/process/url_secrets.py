"""Shows URLs without user, password, or any part that may be a piece of a badly escaped password."""

import re

# URLs whose parts can be trusted: an unescaped / or @ in a password shifts them.
_SHOWABLE = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<user>[^/?#]*@)?(?P<place>[^/?#@]*(/[^?#@]*)?)([?#][^@]*)?")
_HOSTS = re.compile(
    r"(\[[0-9A-Fa-f:.%]+\]|[^:,/\[\]]*)(:[0-9]{1,5})?(,(\[[0-9A-Fa-f:.%]+\]|[^:,/\[\]]+)(:[0-9]{1,5})?)*(/.*)?"
)


def without_secrets(url: str) -> str:
    """Returns scheme, hosts and path, or the scheme alone where it is unclear which part is the password."""
    parts = _SHOWABLE.fullmatch(url)
    if parts is None or not _HOSTS.fullmatch(parts["place"]):
        scheme = re.match(r"[a-z][a-z0-9+.-]*(?=://)", url)
        return f"{scheme[0]}://..." if scheme else "..."
    return f"{parts['scheme']}://{parts['place']}"
