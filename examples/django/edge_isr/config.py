"""The EDGE_ISR setting, parsed: a Config can only hold what is legal."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

DEFAULTS = {
    "URL": "",
    "TOKEN": "",
    "PREFIX": "/edge-isr",
    "TIMEOUT": 3,
    "RETRY_AFTER": 30,
    "BATCH": 500,
}


@dataclass(frozen=True)
class Config:
    """Where purges go. Times are in seconds."""

    url: str
    """Of the purge route; empty where no edge is configured."""
    token: str
    timeout: float
    """What sending may add to a request that changed something."""
    retry_after: float
    """How long a web process leaves the edge alone after a failure."""
    batch: int
    """Tags in one request; at most the edge's PURGE_ITEMS_MAX."""

    @classmethod
    def from_settings(cls):
        given = getattr(settings, "EDGE_ISR", {})
        for name in given:
            _require(name in DEFAULTS, name, f"is unknown; there are {', '.join(DEFAULTS)}")
        values = {**DEFAULTS, **given}
        return cls(
            url=_purge_url(values["URL"], values["PREFIX"]),
            token=_token(values["TOKEN"], needed=bool(values["URL"])),
            timeout=_number(values, "TIMEOUT"),
            retry_after=_number(values, "RETRY_AFTER", zero=True),
            batch=int(_number(values, "BATCH")),
        )


def _purge_url(url, prefix):
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        legal = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        legal = legal and url.isascii() and "@" not in url and parts.path in ("", "/")
    except ValueError:
        legal = False
    _require(legal, "URL", "must be like https://www.example.com, with no path")
    _require(prefix.startswith("/"), "PREFIX", "must begin with a slash")
    return f"{parts.scheme}://{parts.netloc}{prefix.rstrip('/')}/purge"


def _token(token, needed):
    _require(token or not needed, "TOKEN", "is empty; it must be one of the edge's PURGE_TOKENS")
    # Never quoted: this sentence ends up in logs.
    legal = all("!" <= character <= "~" for character in token)
    _require(legal, "TOKEN", "holds a space, a line break or a character that is not ASCII")
    return token


def _number(values, name, zero=False):
    value = values[name]
    legal = isinstance(value, (int, float)) and not isinstance(value, bool)
    legal = legal and (value > 0 or zero and value == 0)
    _require(legal, name, f"is {value!r}; it must be a number above zero")
    return value


def _require(condition, name, complaint):
    if not condition:
        raise ImproperlyConfigured(f"EDGE_ISR[{name!r}] {complaint}.")
