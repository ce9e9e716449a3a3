"""The headers of each page, as it leaves: Cache-Control and Cache-Tag.

What a view declared is kept out of shared caches after all where the response turns out to be for
one visitor. What no view declared is private, unless EDGE_ISR["DEFAULTS"] says otherwise.
"""

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_max_age
from django.utils.http import parse_http_date_safe

from . import tags as spelling
from .config import Config
from .fragments import current_request
from .pages import Page, cache_control_of, directives, is_shareable, page_of

logger = logging.getLogger(__name__)

PRIVATE = "private, no-store"


class EdgeISRMiddleware:
    """Writes Cache-Tag and Cache-Control. It must be the first of MIDDLEWARE."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)
        defaults = Config.from_settings().page_defaults
        self.default = (
            cache_control_of(0, defaults.s_maxage, defaults.stale_while_revalidate, 0)
            if defaults
            else ""
        )

    def __call__(self, request: HttpRequest) -> HttpResponse | Awaitable[HttpResponse]:
        page_of(request).behind_middleware = True
        if self.is_async:
            return self._later(request)
        before = current_request.set(request)
        try:
            return self.finish(request, self.get_response(request))
        finally:
            current_request.reset(before)

    async def _later(self, request: HttpRequest) -> HttpResponse:
        before = current_request.set(request)
        try:
            return self.finish(request, await self.get_response(request))
        finally:
            current_request.reset(before)

    def declare(self, request: HttpRequest, response: HttpResponse, page: Page) -> None:
        """Decides on a page that declared nothing and says nothing. A subclass may."""
        if response.status_code == 200:
            page.cache_control = self.default

    def finish(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """The response, with its headers."""
        page = page_of(request)
        headers = response.headers
        # Django's own cache serves a page without its view; the headers say what was declared.
        declared = bool(page.cache_control) or (
            "Cache-Control" in headers and "Cache-Tag" in headers
        )
        if not (declared or "Cache-Control" in headers) and is_shareable(request, response):
            self.declare(request, response, page)
        _add_age(response)
        if page.for_anonymous and settings.SESSION_COOKIE_NAME not in request.COOKIES:
            _forget_cookie(response)
        if not (declared or page.cache_control):
            page.verdict = "It declares nothing."
            _keep_out_of_shared_caches(response)
        elif not is_shareable(request, response):
            page.verdict = "Its method, status or Cache-Control speaks against it."
            _keep_out_of_shared_caches(response)
        elif why := _why_private(request, response, page):
            page.verdict = why[:1].upper() + why[1:]
            if declared and why != _AUTHORIZED:
                logger.warning("%s is not cached: %s", request.get_full_path(), why)
            _make_private(response)
        else:
            page.verdict = "The edge may keep it."
            headers.setdefault("Cache-Control", page.cache_control)
            if page.tags:
                headers["Cache-Tag"] = page.header
        return response


# "public" and "s-maxage" would let a shared cache keep an answer to Authorization (RFC 9111 §3.5),
# and nothing says that it is the same for everyone.
_AUTHORIZED = "the request has an Authorization field."


def _why_private(request: HttpRequest, response: HttpResponse, page: Page) -> str:
    """Why a page is, for all that was declared, not for everyone: a sentence for the log."""
    vary = {name.strip().lower() for name in response.headers.get("Vary", "").split(",")}
    if "Authorization" in request.headers:
        return _AUTHORIZED
    if page.refusal:
        return page.refusal
    if response.cookies:
        return f"it sets the cookie {', '.join(response.cookies)}."
    if vary & {"cookie", "*"}:
        return "it reads the session, the user or a cookie (it says Vary: Cookie or *)."
    if "accept-language" in vary and settings.LANGUAGE_COOKIE_NAME in request.COOKIES:
        # LocaleMiddleware heeds the cookie before the field, and names the field alone.
        return (
            f"its language may be that of the cookie {settings.LANGUAGE_COOKIE_NAME}; give each "
            "language a URL of its own (i18n_patterns), or name the cookie in LOGIN_COOKIES."
        )
    if len(page.header) > spelling.HEADER_MAX:
        return (
            f"its {len(page.tags)} tags take more than {spelling.HEADER_MAX} bytes; "
            "give a page that lists many things one tag for the whole list."
        )
    return ""


def _keep_out_of_shared_caches(response: HttpResponse) -> None:
    """A Cache-Control that names shared caches is the view's decision, and stays."""
    named = directives(response)
    if not named:
        response.headers["Cache-Control"] = PRIVATE
    elif not named & {"private", "no-store", "public", "s-maxage"}:
        # A bare max-age is meant for browsers, yet shared caches would take it for themselves.
        response.headers["Cache-Control"] += ", private"


def _make_private(response: HttpResponse) -> None:
    response.headers["Cache-Control"] = PRIVATE
    del response.headers["Cache-Tag"]


def _forget_cookie(response: HttpResponse) -> None:
    """Takes Cookie out of Vary."""
    names = [name.strip() for name in response.headers.get("Vary", "").split(",")]
    kept = ", ".join(name for name in names if name and name.lower() != "cookie")
    if kept:
        response.headers["Vary"] = kept
    else:
        del response.headers["Vary"]


def _add_age(response: HttpResponse) -> None:
    """How long ago Django's own cache stored a page that it serves (RFC 9111 §5.1).

    Django itself writes Expires when it stores, and from version 5.0 on also the Age when it
    serves. A page that was made before a purge must not pass for one that was made after it.
    """
    if "Age" in response.headers or "Expires" not in response.headers:
        return
    max_age = get_max_age(response)
    expires = parse_http_date_safe(response.headers["Expires"])
    if max_age and expires is not None:
        age = max_age - (expires - int(time.time()))
        if 0 < age <= max_age:
            response.headers["Age"] = str(age)
