"""What a page says to the edge: its tags, and for how long it may be kept.

The decorator and tag() only note on the request what a view declares; the middleware writes the
headers, because it alone sees the response as it leaves. So a 304 carries the tags too, a page that
turned out personal is kept out of shared caches, and so is every page that declared nothing.

Out of scope: the tags of a streaming response that are only known while it streams.
"""

import logging
from dataclasses import dataclass, field
from functools import wraps

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.utils.cache import cc_delim_re
from django.utils.deprecation import MiddlewareMixin

from . import tags as spelling

logger = logging.getLogger(__name__)

PRIVATE = "private, no-store"

# A page that is not there has no object whose tag could purge it once it is; the same goes for
# temporary redirects. A 304 stands for the 200 that it confirms.
_LASTING = (200, 301, 304, 308)


def edge_cache(*, tags=(), s_maxage, stale_while_revalidate=0, stale_if_error=0, max_age=0):
    """Lets the edge keep what a view answers.

    tags: what the page depends on. A list, or a function of the view's own arguments that returns
        one; what is known only inside the view, the view adds with tag().
    s_maxage: seconds for which the edge serves the page without asking.
    stale_while_revalidate: seconds after that, or after a purge, in which it serves the old page
        while it fetches the new one.
    stale_if_error: seconds in which it serves the old page if this server fails.
    max_age: seconds for which the browser does not ask. A purge does not reach browsers.

        @edge_cache(tags=["posts"], s_maxage=300, stale_while_revalidate=86400)
        def post_list(request): ...

    A class-based view takes it through method_decorator(edge_cache(...), name="dispatch").
    Django's @condition goes below it. A Cache-Control that the view itself sets is kept as it is.
    """
    cache_control = _cache_control(max_age, s_maxage, stale_while_revalidate, stale_if_error)
    fixed = [] if callable(tags) else spelling.tag_set(tags)
    tags_of = tags if callable(tags) else lambda *args, **kwargs: fixed

    def declare(request, args, kwargs):
        page = _page_of(request)
        page.cache_control = cache_control
        page.add(tags_of(request, *args, **kwargs))
        return page

    def decorate(view):
        if iscoroutinefunction(view):

            @wraps(view)
            async def declared(request, *args, **kwargs):
                page = declare(request, args, kwargs)
                return page.answered(await view(request, *args, **kwargs))

        else:

            @wraps(view)
            def declared(request, *args, **kwargs):
                page = declare(request, args, kwargs)
                return page.answered(view(request, *args, **kwargs))

        return declared

    return decorate


def tag(request, *tags):
    """Says, inside a view, that the page also depends on these.

    tag(request, f"post-{post.pk}", f"author-{post.author_id}")
    """
    _page_of(request).add(tags)


class EdgeIsrMiddleware(MiddlewareMixin):
    """Writes Cache-Tag and Cache-Control. It must be the first of MIDDLEWARE."""

    def process_response(self, request, response):
        page = _page_of(request)
        if not _is_shareable(request, response, page):
            _keep_out_of_shared_caches(response)
        elif _must_stay_private(request, response, page):
            response.headers["Cache-Control"] = PRIVATE
        else:
            response.headers.setdefault("Cache-Control", page.cache_control)
            if page.tags:
                response.headers["Cache-Tag"] = page.header
        return response


@dataclass
class _Page:
    """What the view of this request has declared so far."""

    cache_control: str = ""
    tags: dict = field(default_factory=dict)
    """A set that keeps its order."""

    def add(self, tags):
        self.tags.update(dict.fromkeys(spelling.tag_set(tags)))

    def answered(self, response):
        if response.status_code == 304:
            # @condition answered for the view, which never came to its tag() calls. Tags on a 304
            # replace those that the edge holds; with none, it keeps them.
            self.tags.clear()
        return response

    @property
    def header(self):
        return ",".join(self.tags)


def _page_of(request):
    # Django REST framework hands its views a wrapper around Django's request.
    request = getattr(request, "_request", request)
    if not hasattr(request, "_edge_isr_page"):
        request._edge_isr_page = _Page()
    return request._edge_isr_page


def _cache_control(max_age, s_maxage, stale_while_revalidate, stale_if_error):
    times = {
        "max-age": max_age,
        "s-maxage": s_maxage,
        "stale-while-revalidate": stale_while_revalidate,
        "stale-if-error": stale_if_error,
    }
    for name, seconds in times.items():
        if isinstance(seconds, bool) or not isinstance(seconds, int) or seconds < 0:
            raise ValueError(f"{name} is {seconds!r}; it must be a whole number of seconds")
    return ", ".join(["public", *(f"{name}={seconds}" for name, seconds in times.items())])


def _is_shareable(request, response, page):
    """Whether this is an answer that its view declared to be for everyone."""
    return (
        page.cache_control
        and request.method in ("GET", "HEAD")
        and response.status_code in _LASTING
        and not _directives(response) & {"private", "no-store"}
    )


def _must_stay_private(request, response, page):
    """Whether it is, for all its view declared, not for everyone."""
    # "public" and "s-maxage" would let a shared cache keep an answer to Authorization
    # (RFC 9111 §3.5), and nothing says that it is the same for everyone.
    if "Authorization" in request.headers:
        return True
    surprise = _surprise(request, response, page)
    if surprise:
        logger.warning("%s is not cached: %s", request.get_full_path(), surprise)
    return bool(surprise)


def _surprise(request, response, page):
    """What the author of a declared view will not have meant, as a sentence for the log."""
    vary = {name.lower() for name in cc_delim_re.split(response.headers.get("Vary", ""))}
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
    return None


def _keep_out_of_shared_caches(response):
    """A Cache-Control that names shared caches is somebody's decision, and stays."""
    directives = _directives(response)
    if not directives:
        response.headers["Cache-Control"] = PRIVATE
    elif not directives & {"private", "no-store", "public", "s-maxage"}:
        # A bare max-age is meant for browsers, yet shared caches would take it for themselves.
        response.headers["Cache-Control"] += ", private"


def _directives(response):
    """The names of the response's Cache-Control directives."""
    parts = cc_delim_re.split(response.headers.get("Cache-Control", ""))
    return {part.partition("=")[0].strip().lower() for part in parts if part.strip()}
