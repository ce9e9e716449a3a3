"""Django's own cache of pages, ended by every purge.

A page that Django's cache middleware keeps survives a purge: the edge fetches it again, and gets
the old one. Here are the same middlewares and the same decorator, and a purge ends what they keep:

    django.middleware.cache.UpdateCacheMiddleware     edge_isr.site_cache.UpdateCacheMiddleware
    django.middleware.cache.FetchFromCacheMiddleware  edge_isr.site_cache.FetchFromCacheMiddleware
    django.views.decorators.cache.cache_page          edge_isr.site_cache.cache_page

The key of a page holds a version, as it was when the request came. Each purge, of whatever tag,
ends the version: Django does not know which of its pages have which tag. A page whose making began
before a purge is stored under the old version, where nothing finds it.

Views under edge_cache() are not kept here, as browsers are told to ask (max-age=0).
"""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from django.http import HttpRequest
from django.middleware import cache as django_cache
from django.utils.decorators import decorator_from_middleware_with_args

from . import versions

_version: ContextVar[str] = ContextVar("edge_isr_site_version", default="")


class _Versioned:
    """A middleware of Django's whose key prefix holds the version of this request."""

    _prefix = ""

    @property
    def key_prefix(self) -> str:
        return f"{self._prefix}.{_version.get()}"

    @key_prefix.setter
    def key_prefix(self, prefix: str) -> None:
        self._prefix = prefix


def _begin(request: Any) -> None:
    """Reads the version, once for a request. What is stored later is stored under it."""
    if not hasattr(request, "_edge_isr_version"):
        request._edge_isr_version = versions.current([versions.SITE])
    _version.set(request._edge_isr_version)


class UpdateCacheMiddleware(_Versioned, django_cache.UpdateCacheMiddleware):
    """Stores pages. As in Django, it stands before the middlewares whose headers pages vary by."""

    def process_request(self, request: HttpRequest) -> None:
        _begin(request)

    def process_response(self, request: HttpRequest, response: Any) -> Any:
        _begin(request)
        return super().process_response(request, response)


class FetchFromCacheMiddleware(_Versioned, django_cache.FetchFromCacheMiddleware):
    """Serves pages. As in Django, it is the last of MIDDLEWARE."""

    def process_request(self, request: HttpRequest) -> Any:
        _begin(request)
        return super().process_request(request)


class CacheMiddleware(_Versioned, django_cache.CacheMiddleware):
    """Both, for cache_page()."""

    def process_request(self, request: HttpRequest) -> Any:
        _begin(request)
        return super().process_request(request)

    def process_response(self, request: HttpRequest, response: Any) -> Any:
        _begin(request)
        return super().process_response(request, response)


def cache_page(
    timeout: float | None, *, cache: str | None = None, key_prefix: str | None = None
) -> Callable[[Any], Any]:
    """Django's cache_page(), whose pages each purge ends. The arguments are Django's."""
    decorate = decorator_from_middleware_with_args(CacheMiddleware)
    return decorate(page_timeout=timeout, cache_alias=cache, key_prefix=key_prefix)
