"""What `manage.py check` says about the settings of a site, each with what to write instead.

E001  django-edge-isr is installed beside this package
W001  the middleware is not the first
W002  no edge is configured
W003  Django's own cache keeps pages over a purge
W004  a base template uses the token against forged requests
W005  with --deploy: a cache of one process, for what purges end
W006  with --deploy: the edge cannot be asked
W007  with --deploy: the edge is asked without https
W008  the session's cookie has a name that the edge does not know
I001  a setting of django-edge-isr that has no effect
I002  a setting of django-dumper that has no effect
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.template import engines
from django.template.backends.django import DjangoTemplates
from django.utils.module_loading import import_string

from . import edge
from .config import LEGACY, Config
from .middleware import EdgeISRMiddleware

MIDDLEWARE = "edge_isr.middleware.EdgeISRMiddleware"

_TEMPLATES_MOST = 2000
_TEMPLATE_MOST = 256 * 1024
"""Bytes of a template that is looked at."""


@checks.register()
def middleware(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Without the middleware no page gets its headers; behind another one, a 304 loses its tags."""
    if any(issubclass(kind, EdgeISRMiddleware) for kind in _classes(settings.MIDDLEWARE[:1])):
        return []
    return [
        checks.Warning(
            f"{MIDDLEWARE} is not the first of MIDDLEWARE.",
            hint="Put it first, so that it sees each response as it leaves.",
            id="edge_isr.W001",
        )
    ]


@checks.register()
def an_edge(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Without an edge, the outbox only grows."""
    if (config := _config()) is None or config.url:
        return []
    return [
        checks.Warning(
            "EDGE_ISR['URL'] is not set: purges wait in the outbox, and are not sent.",
            hint='Write EDGE_ISR = {"URL": "https://www.example.com", "TOKEN": …}.',
            id="edge_isr.W002",
        )
    ]


@checks.register()
def cache_middleware(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """A page in Django's own cache survives a purge."""
    names = ("UpdateCacheMiddleware", "FetchFromCacheMiddleware")
    found = [name for name in names if f"django.middleware.cache.{name}" in settings.MIDDLEWARE]
    return [
        checks.Warning(
            f"django.middleware.cache.{name} keeps pages over a purge.",
            hint=f"Write edge_isr.site_cache.{name} instead, which a purge empties.",
            id="edge_isr.W003",
        )
        for name in found
    ]


@checks.register()
def base_templates(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """A token against forged requests belongs to one visitor: no page with it is shared."""
    texts = dict(_own_templates())
    extended = {name for text in texts.values() for name in _EXTENDS.findall(text)}
    return [
        checks.Warning(
            f"The template {name}, which others extend, uses csrf_token: their pages say "
            "Vary: Cookie, and the edge shares none of them.",
            hint="Put the form on a page of its own, or fetch the token by a script.",
            id="edge_isr.W004",
        )
        for name, text in sorted(texts.items())
        if name in extended and _TOKEN.search(text)
    ]


_EXTENDS = re.compile(r"""{%\s*extends\s+["']([^"']+)["']""")
_TOKEN = re.compile(r"{%\s*csrf_token\s*%}|{{\s*csrf_token\b")


@checks.register()
def session_cookie(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """The edge passes visitors who are logged in through, if it knows the cookie."""
    name = settings.SESSION_COOKIE_NAME
    sessions = "django.contrib.sessions.middleware.SessionMiddleware" in settings.MIDDLEWARE
    if name == "sessionid" or not sessions:
        return []
    return [
        checks.Warning(
            f"SESSION_COOKIE_NAME is {name!r}. By default the edge knows sessionid, and would show "
            "visitors who are logged in the pages of all others.",
            hint=f"Name {name} in the edge's setting LOGIN_COOKIES, and silence this check.",
            id="edge_isr.W008",
        )
    ]


@checks.register(deploy=True)
def cache_of_one_process(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """In LocMemCache, a purge ends only what its own process keeps."""
    config = _config()
    if settings.DEBUG or config is None:
        return []
    backend = str(settings.CACHES[config.cache].get("BACKEND", ""))
    if not backend.endswith("LocMemCache"):
        return []
    return [
        checks.Warning(
            f"CACHES[{config.cache!r}] is LocMemCache, which each process has for itself. A purge "
            "ends the fragments and pages of its own process only.",
            hint="Use Redis, Memcached or the database for it, or another alias in "
            "EDGE_ISR['CACHE']. Silence this where nothing but the edge keeps pages.",
            id="edge_isr.W005",
        )
    ]


@checks.register()
def the_other_package(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Both packages bring the folder edge_isr: their files are mixed."""
    with suppress(metadata.PackageNotFoundError):
        metadata.distribution("django-edge-isr")
        return [
            checks.Error(
                "The package django-edge-isr is installed, too. Both are imported as edge_isr.",
                hint="pip uninstall django-edge-isr edge-isr, and then install edge-isr.",
                id="edge_isr.E001",
            )
        ]
    return []


@checks.register()
def legacy_settings(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Settings of django-edge-isr that do nothing here."""
    given = getattr(settings, "EDGE_ISR", {})
    return [
        checks.Info(f"EDGE_ISR[{name!r}] has no effect.", hint=why, id="edge_isr.I001")
        for name, why in LEGACY.items()
        if name in given
    ]


@checks.register(deploy=True)
def the_edge_answers(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Asks the edge for a list, with the token."""
    config = _config()
    if config is None or not config.url:
        return []
    found: list[checks.CheckMessage] = []
    if config.url.startswith("http://"):
        hint = "Write https:// in EDGE_ISR['URL']: the token is sent with each purge."
        found.append(checks.Warning("The edge is asked without https.", hint, id="edge_isr.W007"))
    try:
        edge.status(config, config.timeout, tag="edge_isr-check")
    except edge.NotTaken as problem:
        hint = "Purges wait in the outbox until this is mended."
        found.append(
            checks.Warning(f"{problem}."[:1].upper() + f"{problem}."[1:], hint, id="edge_isr.W006")
        )
    return found


def _config() -> Config | None:
    """The setting, if it can be read. Where it cannot, the site does not start."""
    with suppress(ImproperlyConfigured):
        return Config.from_settings()
    return None


def _classes(paths: Any) -> list[type]:
    """The middlewares that are classes. Django itself reports what cannot be imported."""
    found = []
    for path in paths:
        with suppress(ImportError):
            found.append(import_string(path))
    return [each for each in found if isinstance(each, type)]


def _own_templates() -> Iterator[tuple[str, str]]:
    """The names and texts of the site's own templates, and of no installed package's."""
    seen = 0
    for engine in engines.all():
        if not isinstance(engine, DjangoTemplates):
            continue
        for folder in map(Path, engine.template_dirs):
            if {"site-packages", "dist-packages"} & set(folder.parts):
                continue
            for path in folder.rglob("*.html"):
                if seen >= _TEMPLATES_MOST:
                    return
                if not path.is_file() or path.stat().st_size > _TEMPLATE_MOST:
                    continue
                seen += 1
                with suppress(OSError, UnicodeDecodeError):
                    yield path.relative_to(folder).as_posix(), path.read_text("utf-8")
