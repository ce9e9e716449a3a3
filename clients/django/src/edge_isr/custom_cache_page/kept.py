"""Pages that this site keeps itself, in Django's cache, under the key that its function names.

The key holds the versions of the page's tags, as they were before the view ran: a page whose making
began before a purge is never found after it.
"""

import hashlib
from typing import Any

from django.core.cache import BaseCache, caches
from django.http import HttpRequest, HttpResponse

from .. import versions
from ..tags import tag_set

_NOT_KEPT = ("set-cookie", "cache-tag")


class KeptPage:
    """The place of one page in the cache."""

    def __init__(self, key: str, tags: list[str], cache_name: str) -> None:
        named = f"{len(key)}:{key}:{versions.current(tag_set(tags))}"
        self._key = f"edge_isr.page.{hashlib.sha256(named.encode()).hexdigest()}"
        self._cache: BaseCache = caches[cache_name]

    def find(self) -> HttpResponse | None:
        """The page, if it is kept."""
        kept: Any = self._cache.get(self._key)
        if not kept:
            return None
        content, headers = kept
        return HttpResponse(content, headers=headers)

    def keep(self, request: HttpRequest, response: HttpResponse, seconds: int) -> None:
        """Keeps a whole page that hands out nothing of one visitor's own."""
        if response.status_code != 200 or response.streaming or response.cookies:
            return
        # A token against forged requests is in the page: it belongs to the cookie of one visitor.
        if request.META.get("CSRF_COOKIE_NEEDS_UPDATE"):
            return
        headers = {n: v for n, v in response.headers.items() if n.lower() not in _NOT_KEPT}
        self._cache.set(self._key, (response.content, headers), seconds)
