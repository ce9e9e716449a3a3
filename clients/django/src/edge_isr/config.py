"""The EDGE_ISR setting, parsed: a Config can only hold what is legal."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

DEFAULTS: dict[str, Any] = {
    "URL": "",
    "TOKEN": "",
    "PREFIX": "/edge-isr",
    "TIMEOUT": 3,
    "RETRY_AFTER": 30,
    "BATCH": 500,
    "WARM": None,
    "DEFAULTS": None,
    "SENDER": "inline",
    "CACHE": "default",
}

LEGACY = {
    "REDIS_URL": "The edge keeps the tag graph itself.",
    "CDN": "The edge is the cache that is purged.",
    "QUEUE": "Purges wait in the outbox, a table. EDGE_ISR['SENDER'] says what sends it.",
}
"""Settings of django-edge-isr that have no effect here, each with the reason."""


@dataclass(frozen=True)
class PageDefaults:
    """What a page gets that declares nothing. Times are in seconds."""

    s_maxage: int
    stale_while_revalidate: int


@dataclass(frozen=True)
class Config:
    """Where purges go. Times are in seconds."""

    url: str
    """The edge's control routes, such as https://www.example.com/edge-isr. Empty: no edge."""
    token: str
    timeout: float
    """What sending may add to a request that changed something."""
    retry_after: float
    """How long a web process leaves the edge alone after a failure."""
    batch: int
    """Selectors in one request; at most the edge's PURGE_ITEMS_MAX."""
    warm: bool | None
    """Whether each purge starts a warmup. None: the edge's own setting WARM_PURGED decides."""
    page_defaults: PageDefaults | None
    """None: a page that declares nothing is private."""
    sender: str
    """What sends the outbox after a commit: "inline", "celery", "tasks" or a function's path."""
    cache: str
    """The alias in CACHES of what this site keeps itself: fragments, and what no edge can keep."""

    @classmethod
    def from_settings(cls) -> "Config":
        given = _given()
        for name in given:
            known = name in DEFAULTS or name in LEGACY
            _require(known, name, f"is unknown; there are {', '.join(DEFAULTS)}")
        values = {**DEFAULTS, **given}
        values["URL"] = values["URL"] or _url_of_roan()
        return cls(
            url=_control_url(values["URL"], values["PREFIX"]),
            token=_token(values["TOKEN"], needed=bool(values["URL"])),
            timeout=_number(values, "TIMEOUT"),
            retry_after=_number(values, "RETRY_AFTER", zero=True),
            batch=_batch(values),
            warm=_warm(values),
            page_defaults=_page_defaults(values["DEFAULTS"]),
            sender=_text(values, "SENDER"),
            cache=_cache(values),
        )

    @property
    def site(self) -> str:
        """The scheme and host of the edge's URL, without a slash at the end."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}" if self.url else ""


def _given() -> Mapping[str, Any]:
    given = getattr(settings, "EDGE_ISR", {})
    if not isinstance(given, Mapping):
        raise ImproperlyConfigured(f"EDGE_ISR must be a dict, not {type(given).__name__}.")
    return given


def _url_of_roan() -> str:
    """The address in roan's setting, which sites that come from there have."""
    url = getattr(settings, "ROAN_PURGE_URL", "")
    if url and (not isinstance(url, str) or urlsplit(url).path not in ("", "/")):
        raise ImproperlyConfigured(
            f"ROAN_PURGE_URL is {url!r}. It must be the edge's address, such as "
            "https://www.example.com, with no path; or write EDGE_ISR = {'URL': …, 'TOKEN': …}."
        )
    return str(url)


def _control_url(url: Any, prefix: Any) -> str:
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        legal = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        legal = legal and url.isascii() and "@" not in url and parts.path in ("", "/")
        legal = legal and not parts.query and not parts.fragment
    except (AttributeError, TypeError, ValueError):
        legal = False
    _require(legal, "URL", "must be like https://www.example.com, with no path")
    legal = isinstance(prefix, str) and prefix.startswith("/")
    _require(legal, "PREFIX", "must begin with a slash")
    return f"{parts.scheme}://{parts.netloc}{prefix.rstrip('/')}"


def _token(token: Any, needed: bool) -> str:
    _require(isinstance(token, str), "TOKEN", "must be a str")
    _require(token or not needed, "TOKEN", "is empty; it must be one of the edge's PURGE_TOKENS")
    # Never quoted: this sentence ends up in logs.
    legal = all("!" <= character <= "~" for character in token)
    _require(legal, "TOKEN", "holds a space, a line break or a character that is not ASCII")
    return str(token)


def _number(values: Mapping[str, Any], name: str, zero: bool = False) -> float:
    value = values[name]
    legal = isinstance(value, (int, float)) and not isinstance(value, bool)
    legal = legal and (value > 0 or (zero and value == 0))
    _require(legal, name, f"is {value!r}; it must be a number above zero")
    return float(value)


def _batch(values: Mapping[str, Any]) -> int:
    value = _number(values, "BATCH")
    _require(value == int(value), "BATCH", f"is {value!r}; it must be a whole number")
    return int(value)


def _warm(values: Mapping[str, Any]) -> bool | None:
    value = values["WARM"]
    legal = value is None or isinstance(value, bool)
    _require(legal, "WARM", f"is {value!r}; it must be True, False or None")
    return None if value is None else bool(value)


def _page_defaults(given: Any) -> PageDefaults | None:
    if given is None:
        return None
    names = {"s_maxage": 300, "stale_while_revalidate": 3600}
    legal = isinstance(given, Mapping) and set(given) <= set(names)
    _require(legal, "DEFAULTS", f"must be a dict of {' and '.join(names)}")
    times = {**names, **given}
    for name, value in times.items():
        legal = isinstance(value, int) and not isinstance(value, bool) and value >= 0
        _require(legal, "DEFAULTS", f"has {value!r} for {name}; it must be a number of seconds")
    return PageDefaults(**times)


def _cache(values: Mapping[str, Any]) -> str:
    alias = _text(values, "CACHE")
    _require(alias in settings.CACHES, "CACHE", f"is {alias!r}, which is not one of CACHES")
    return alias


def _text(values: Mapping[str, Any], name: str) -> str:
    value = values[name]
    legal = isinstance(value, str) and bool(value)
    _require(legal, name, f"is {value!r}; it must be a str")
    return str(value)


def _require(condition: object, name: str, complaint: str) -> None:
    if not condition:
        raise ImproperlyConfigured(f"EDGE_ISR[{name!r}] {complaint}.")
