"""What a page says to the edge: its tags, and for how long it may be kept.

edge_cache(), isr() and add_tags() note on the request what a view declares. The middleware has the
last word on the headers, because it alone sees the response as it leaves.

Out of scope: the tags of a streaming response that are only known while it streams.
"""

import logging
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, TypeVar

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

from . import tags as spelling

logger = logging.getLogger(__name__)

View = TypeVar("View", bound=Callable[..., Any])
Tags = Iterable[str] | Callable[..., Iterable[str]]

# A page that is not there has no object whose tag could purge it once it is; the same goes for
# temporary redirects. A 304 stands for the 200 that it confirms.
LASTING = (200, 301, 304, 308)


def edge_cache(
    *,
    tags: Tags = (),
    s_maxage: int,
    stale_while_revalidate: int = 0,
    stale_if_error: int = 0,
    max_age: int = 0,
    vary: Iterable[str] = (),
) -> Callable[[View], View]:
    """Lets the edge keep what a view answers.

    tags: what the page depends on. A list, or a function of the view's own arguments that returns
        one; what is known only inside the view, the view adds with add_tags().
    s_maxage: seconds for which the edge serves the page without asking.
    stale_while_revalidate: seconds after that, or after a purge, in which it serves the old page
        while it fetches the new one.
    stale_if_error: seconds in which it serves the old page if this server fails.
    max_age: seconds for which the browser does not ask. A purge does not reach browsers.
    vary: request fields that the page depends on, such as "Accept-Language".

        @edge_cache(tags=["posts"], s_maxage=300, stale_while_revalidate=86400)
        def post_list(request): ...

    A class-based view takes it through method_decorator(edge_cache(...), name="dispatch").
    Django's @condition goes below it. A Cache-Control that the view itself sets is kept as it is.
    Raises ValueError or TypeError, when the view is defined, for a wrong tag or time.
    """
    cache_control = cache_control_of(max_age, s_maxage, stale_while_revalidate, stale_if_error)
    fixed = [] if callable(tags) else spelling.tag_set(tags)
    fields = [vary] if isinstance(vary, str) else list(vary)

    def declare(request: HttpRequest, args: Any, kwargs: Any) -> "Page":
        page = page_of(request)
        page.cache_control = cache_control
        page.vary = fields
        page.add_tags(fixed)
        if callable(tags):
            page.add_tags_of(tags, request, *args, **kwargs)
        return page

    def decorate(view: View) -> View:
        if iscoroutinefunction(view):

            @wraps(view)
            async def declared(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
                page = declare(request, args, kwargs)
                return page.answered(request, await view(request, *args, **kwargs))

        else:

            @wraps(view)
            def declared(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
                page = declare(request, args, kwargs)
                return page.answered(request, view(request, *args, **kwargs))

        return declared  # type: ignore[return-value]

    return decorate


def isr(
    tags: Tags = (), s_maxage: int = 300, swr: int = 3600, vary: Iterable[str] = ()
) -> Callable[[View], View]:
    """edge_cache() in the words of django-edge-isr. swr is stale_while_revalidate.

    @isr(tags=lambda request, post_id: [tag("post", post_id)], s_maxage=300, swr=3600)
    def post_detail(request, post_id): ...
    """
    return edge_cache(
        tags=tags or (), s_maxage=s_maxage, stale_while_revalidate=swr, vary=vary or ()
    )


def add_tags(request: HttpRequest, *tags: str) -> None:
    """Says, inside a view, that the page also depends on these.

    add_tags(request, f"post-{post.pk}", f"author-{post.author_id}")

    Raises ValueError or TypeError for what cannot be a tag.
    """
    page_of(request).add_tags(tags)


class Page:
    """What has been declared for the page of one request. Views find it as request.edge_isr."""

    def __init__(self) -> None:
        self.cache_control = ""
        self.vary: list[str] = []
        self.refusal = ""
        """Why the page must not be kept, if it must not: a sentence for the log."""
        self.for_anonymous = False
        """Whether the page may ask who the visitor is: without a session, it is nobody."""
        self.verdict = ""
        """What the middleware decided, as a sentence. Empty before the response leaves."""
        self.behind_middleware = False
        # A set that keeps its order.
        self._tags: dict[str, None] = {}

    @property
    def tags(self) -> list[str]:
        """In canonical form, in the order in which they were added."""
        return list(self._tags)

    @property
    def header(self) -> str:
        return ",".join(self._tags)

    def add_tags(self, tags: Iterable[str]) -> None:
        """Adds to what the page depends on. Raises ValueError or TypeError for a wrong tag."""
        self._tags.update(dict.fromkeys(spelling.tag_set(tags)))

    def add_tags_of(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        """Adds what a function returns. If it raises, the page is shown, but not kept: nothing
        could purge it."""
        try:
            tags = function(*args, **kwargs)
            self.add_tags([tags] if isinstance(tags, str) else tags or ())
        except Exception as error:
            name = getattr(function, "__qualname__", repr(function))
            self.refusal = f"its tags function {name} raised {type(error).__name__}: {error}"
            logger.error("A page has no tags: %s", self.refusal, exc_info=True)

    def answered(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Writes the headers as far as they are known.

        Django's own cache then sees max-age=0 and keeps no second copy, or keeps one with its tags.
        """
        if response.status_code == 304:
            # @condition answered for the view, which never came to its add_tags() calls. Tags on a
            # 304 replace those that the edge holds; with none, it keeps them.
            self._tags.clear()
        if self.vary:
            patch_vary_headers(response, self.vary)
        if not self.behind_middleware or not is_shareable(request, response):
            return response
        response.headers.setdefault("Cache-Control", self.cache_control)
        if callable(getattr(response, "add_post_render_callback", None)):
            response.add_post_render_callback(self._write_tags)  # type: ignore[attr-defined]
        else:
            self._write_tags(response)
        return response

    def _write_tags(self, response: HttpResponse) -> None:
        if self._tags and len(self.header) <= spelling.HEADER_MAX:
            response.headers["Cache-Tag"] = self.header


def page_of(request: HttpRequest) -> Page:
    """The record of this request's page; it is made when it is first asked for."""
    # Django REST framework hands its views a wrapper around Django's request.
    request = getattr(request, "_request", request)
    page = getattr(request, "edge_isr", None)
    if not isinstance(page, Page):
        page = Page()
        setattr(request, "edge_isr", page)  # noqa: B010
    return page


def is_shareable(request: HttpRequest, response: HttpResponse) -> bool:
    """Whether method, status and Cache-Control let a shared cache keep the response at all."""
    lasting = request.method in ("GET", "HEAD") and response.status_code in LASTING
    return lasting and not directives(response) & {"private", "no-store"}


def directives(response: HttpResponse) -> set[str]:
    """The names of the response's Cache-Control directives."""
    parts = response.headers.get("Cache-Control", "").split(",")
    return {part.partition("=")[0].strip().lower() for part in parts if part.strip()}


def cache_control_of(
    max_age: int, s_maxage: int, stale_while_revalidate: int, stale_if_error: int
) -> str:
    """The field's value. Raises ValueError for what is not a whole number of seconds."""
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
