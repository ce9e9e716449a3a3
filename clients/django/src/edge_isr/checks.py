"""What `manage.py check` says about the settings of a site."""

from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core import checks
from django.utils.module_loading import import_string

from .config import LEGACY
from .middleware import EdgeISRMiddleware

MIDDLEWARE = "edge_isr.middleware.EdgeISRMiddleware"


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


def _classes(paths: Any) -> list[type]:
    """The middlewares that are classes. Django itself reports what cannot be imported."""
    found = []
    for path in paths:
        with suppress(ImportError):
            found.append(import_string(path))
    return [each for each in found if isinstance(each, type)]


@checks.register()
def legacy_settings(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Settings of django-edge-isr that do nothing here."""
    given = getattr(settings, "EDGE_ISR", {})
    return [
        checks.Info(f"EDGE_ISR[{name!r}] has no effect.", hint=why, id="edge_isr.I001")
        for name, why in LEGACY.items()
        if name in given
    ]
