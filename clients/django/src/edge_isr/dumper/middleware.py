"""The middleware that stands in for django-dumper's two."""

import logging
import re

from django.conf import settings
from django.core import checks
from django.http import HttpRequest, HttpResponse

from ..config import Config
from ..middleware import EdgeISRMiddleware
from ..pages import Page, cache_control_of, page_of
from .paths import tag_of_request_path

logger = logging.getLogger("dumper.middleware")

FOR_EVER = 365 * 24 * 3600
"""In seconds. The edge keeps nothing for longer than a year."""


class CacheMiddleware(EdgeISRMiddleware):
    """Lets the edge keep every page for ever, and browsers none. Put it first in MIDDLEWARE.

    Not kept: paths that DUMPER_PATH_IGNORE_REGEX matches, by default ^/admin/; statuses other than
    200; and what is personal: pages that set or read a cookie, and answers to Authorization.

    A purged page is fetched before it is shown again. EDGE_ISR["DEFAULTS"] may name a window,
    stale_while_revalidate, in which the old page is shown meanwhile.
    """

    def declare(self, request: HttpRequest, response: HttpResponse, page: Page) -> None:
        if response.status_code == 200 and not _is_ignored(request.path):
            defaults = Config.from_settings().page_defaults
            window = defaults.stale_while_revalidate if defaults else 0
            page.cache_control = cache_control_of(0, FOR_EVER, window, 0)

    def finish(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if not _is_ignored(request.path):
            page_of(request).add_tags([tag_of_request_path(request.path)])
        response = super().finish(request, response)
        kept = "Cache-Tag" in response.headers
        words = "cached" if kept else "not saving cache for"
        why = page_of(request).verdict
        logger.debug("%s path %r with method %s: %s", words, request.path, request.method, why)
        return response


def _is_ignored(path: str) -> bool:
    pattern = getattr(settings, "DUMPER_PATH_IGNORE_REGEX", r"^/admin/")
    return re.match(pattern, path) is not None


@checks.register()
def check_settings(app_configs: object, **kwargs: object) -> list[checks.CheckMessage]:
    """Settings of django-dumper that do nothing here."""
    found: list[checks.CheckMessage] = []
    if hasattr(settings, "DUMPER_CACHE_ALIAS"):
        hint = "Pages are kept at the edge, and not in one of CACHES."
        found.append(
            checks.Info("DUMPER_CACHE_ALIAS has no effect.", hint=hint, id="edge_isr.I002")
        )
    return found
