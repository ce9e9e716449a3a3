"""cache_page(): who keeps a page, the edge or this site."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, TypeVar

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from ..config import Config
from ..pages import cache_control_of, page_of
from .kept import KeptPage
from .keys import hash_key
from .reading import RequestReader
from .tags import SurrogateKeySet, Tag, Versioned

View = TypeVar("View", bound=Callable[..., Any])


def cache_page(
    timeout: int | Callable[[HttpResponse], int],
    key_func: Callable[[Any], str],
    *,
    tags: Iterable[Tag] | None = None,
    prefix: str | Callable[[Any], str] | None = None,
    backend: object = None,
    cache_name: str = "default",
    only_if: Callable[[Any], bool] | None = None,
) -> Callable[[View], View]:
    """Keeps what a view answers.

    timeout: seconds for which it is kept, or a function of the response that returns them.
    key_func, prefix: what tells pages apart. Reading the URL or request fields lets the edge keep
        the page, in a copy for each URL. Reading anything else has this site keep it itself.
    tags: what invalidate_tag() purges it by: strs, functions of the request, versioned().
    only_if: a function of the request; where it says no, nothing keeps the page. It may ask for
        request.user: without a session, that is the same for all visitors.
    cache_name: where this site keeps it, one of CACHES.
    backend: None or "django". The edge is the backend.

        @cache_page(timeout=3600, key_func=lambda r: r.path, tags=["products"])
        def product_list(request): ...

    request.do_not_cache = True, before or in the view, keeps a page from being kept.
    Raises TypeError or ValueError, when the view is defined, for what cannot be right.
    """
    _check(timeout, key_func, backend, cache_name)
    rule = _Rule(timeout, key_func, list(tags or ()), prefix, cache_name, only_if)

    def decorate(view: View) -> View:
        if iscoroutinefunction(view):

            @wraps(view)
            async def kept(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
                visit = await sync_to_async(rule.begin)(request)
                if visit.found is not None:
                    return visit.found
                response = await view(request, *args, **kwargs)
                return await sync_to_async(rule.end)(request, response, visit)

        else:

            @wraps(view)
            def kept(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
                visit = rule.begin(request)
                if visit.found is not None:
                    return visit.found
                return rule.end(request, view(request, *args, **kwargs), visit)

        return kept  # type: ignore[return-value]

    return decorate


@dataclass
class _Visit:
    """What was decided before the view ran."""

    place: KeptPage | None = None
    """Where this site keeps the page itself."""
    found: HttpResponse | None = None
    by_edge: bool = False
    tags: list[str] = field(default_factory=list)
    vary: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Rule:
    """The arguments of one cache_page()."""

    timeout: int | Callable[[HttpResponse], int]
    key_func: Callable[[Any], str]
    tags: list[Tag]
    prefix: str | Callable[[Any], str] | None
    cache_name: str
    only_if: Callable[[Any], bool] | None

    def begin(self, request: HttpRequest) -> _Visit:
        """Decides who keeps the page, and looks for it here if this site does."""
        page = page_of(request)
        if request.method not in ("GET", "HEAD") or getattr(request, "do_not_cache", False):
            return _Visit()
        condition = RequestReader(request)
        if not self._allows(condition, request):
            page.refusal = "its only_if says no."
            return _Visit()
        reader = RequestReader(request)
        prefix = self.prefix(reader) if callable(self.prefix) else self.prefix
        key = f"{prefix}:{self.key_func(reader)}"
        tags = SurrogateKeySet()
        for each in self.tags:
            page.add_tags_of(lambda each=each: _named(each, reader, tags))
        if page.refusal:
            return _Visit()
        # Who a visitor is without a session is the same for all such visitors.
        personal = bool(reader.read_of_visitor)
        personal |= bool(set(condition.read_of_visitor) - _OF_SESSION)
        personal |= bool(condition.read_of_visitor) and _has_session(request)
        if not personal:
            vary = sorted(reader.fields_read | condition.fields_read)
            return _Visit(by_edge=True, tags=tags.keys, vary=vary)
        place = KeptPage(hash_key(key), tags.keys, self.cache_name)
        return _Visit(place, None if getattr(request, "_bust_cache", False) else place.find())

    def end(self, request: HttpRequest, response: HttpResponse, visit: _Visit) -> HttpResponse:
        """Has the response kept, once it is rendered."""
        if callable(getattr(response, "render", None)) and not getattr(
            response, "is_rendered", True
        ):
            response.add_post_render_callback(  # type: ignore[attr-defined]
                lambda rendered: self._end(request, rendered, visit)
            )
            return response
        return self._end(request, response, visit)

    def _end(self, request: HttpRequest, response: HttpResponse, visit: _Visit) -> HttpResponse:
        page = page_of(request)
        if response.status_code != 200 or getattr(request, "do_not_cache", False):
            return response
        if visit.place:
            visit.place.keep(request, response, self._seconds(response))
        if not visit.by_edge:
            return response
        page.cache_control = _cache_control(self._seconds(response))
        page.vary = visit.vary
        return page.answered(request, response)

    def _allows(self, condition: RequestReader, request: HttpRequest) -> bool:
        if self.only_if is None:
            return True
        session = getattr(request, "session", None)
        accessed = getattr(session, "accessed", False)
        allowed = bool(self.only_if(condition))
        if session is not None and not accessed and not _has_session(request):
            # There is no session whose reading could make the page personal. Without this, Django
            # would say Vary: Cookie.
            session.accessed = False
        return allowed

    def _seconds(self, response: HttpResponse) -> int:
        return int(self.timeout(response) if callable(self.timeout) else self.timeout)


def _named(tag: Tag, reader: RequestReader, tags: SurrogateKeySet) -> list[str]:
    """What one of the tags is for this request; `tags` learns it."""
    if isinstance(tag, Versioned):
        names: Any = tag.resolve_name(reader)
    else:
        names = tag(reader) if callable(tag) else tag
    added = SurrogateKeySet([names] if isinstance(names, str) else names)
    tags.add(*added)
    return added.keys


_OF_SESSION = frozenset(("auser", "session", "user"))
"""What Django knows of a visitor by the session's cookie alone."""


def _has_session(request: HttpRequest) -> bool:
    return settings.SESSION_COOKIE_NAME in request.COOKIES


def _cache_control(seconds: int) -> str:
    defaults = Config.from_settings().page_defaults
    window = defaults.stale_while_revalidate if defaults else 0
    return cache_control_of(0, seconds, window, 0)


def _check(timeout: Any, key_func: Any, backend: object, cache_name: str) -> None:
    number = isinstance(timeout, int) and not isinstance(timeout, bool) and timeout >= 0
    if not number and not callable(timeout):
        raise TypeError(
            f"timeout is {timeout!r}; it must be seconds, or a function that returns them"
        )
    if not callable(key_func):
        raise TypeError(f"key_func is {key_func!r}; it must be a function of the request")
    if backend not in (None, "django"):
        raise TypeError(
            f"backend is {backend!r}; the edge is the backend of all pages. Remove the argument; "
            "headers and purges for another CDN are not sent."
        )
    if cache_name not in settings.CACHES:
        raise ValueError(f"cache_name is {cache_name!r}, which is not one of CACHES")
