"""Parts of pages that this site keeps in Django's cache, with tags of their own.

    @isr_fragment(tags=lambda post: [tag("post", post.id)], s_maxage=300)
    def post_card(post): ...

    {% load edge_isr %}
    {% isrcache "post_card" tags=["post:{{ post.id }}"] %} … {% endisrcache %}

A fragment's tags become tags of each page that shows it, also where the fragment comes from the
cache. So a purge of post:42 ends the fragment and makes those pages stale. The edge keeps pages,
and has no fragments of its own.
"""

import hashlib
import logging
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from functools import wraps
from typing import Any, TypeVar

from django.db.models import Model
from django.http import HttpRequest
from django.utils.safestring import SafeString, mark_safe

from . import versions
from .pages import page_of
from .tags import tag_set

logger = logging.getLogger(__name__)

current_request: ContextVar[HttpRequest | None] = ContextVar("edge_isr_request", default=None)
"""The request whose page is being made. The middleware sets it."""

Render = TypeVar("Render", bound=Callable[..., str])


def isr_fragment(
    tags: Iterable[str] | Callable[..., Iterable[str]] = (),
    s_maxage: int = 300,
    swr: int = 3600,
    key: Callable[..., str] | None = None,
) -> Callable[[Render], Render]:
    """Keeps what a function returns, a str, for each set of its arguments.

    tags: what it depends on: a list, or a function of the arguments.
    s_maxage: seconds for which it is kept.
    swr: without effect. A fragment that has expired is made anew: there is no visitor to whom the
        old one could be shown meanwhile, as the page is being made for the edge.
    key: a function of the arguments that returns a str, where an argument is neither a model's
        instance nor a str, a number or None.

    Never give it what belongs to one visitor: all pages share a fragment.
    """

    def decorate(render: Render) -> Render:
        name = f"{render.__module__}.{render.__qualname__}"

        @wraps(render)
        def kept(*args: Any, **kwargs: Any) -> str:
            identity = key(*args, **kwargs) if key else _identity(name, args, kwargs)
            named = lambda: tags(*args, **kwargs) if callable(tags) else tags  # noqa: E731
            request = current_request.get()
            make = lambda: render(*args, **kwargs)  # noqa: E731
            return fragment(request, [name, str(identity)], named, s_maxage, make)

        return kept  # type: ignore[return-value]

    return decorate


def fragment(
    request: HttpRequest | None,
    identity: list[str],
    tags: Callable[[], Iterable[str]],
    seconds: int,
    make: Callable[[], str],
) -> str:
    """The fragment of this identity, from the cache or made now; the page learns its tags.

    A fragment whose tags cannot be told is made, and not kept.
    """
    try:
        named = tag_set(tags())
    except Exception as error:
        logger.exception("The fragment %s is not kept: its tags cannot be told.", identity[0])
        if request is not None:
            page_of(request).refusal = f"the tags of its fragment {identity[0]} failed: {error}"
        return make()
    if request is not None:
        page_of(request).add_tags(named)
    parts = [versions.current(named), *identity]
    framed = "".join(f"{len(part)}:{part}" for part in parts)
    key = f"edge_isr.fragment.{hashlib.sha256(framed.encode()).hexdigest()}"
    found = versions.cache().get(key)
    if found is not None:
        text, is_safe = found
        return mark_safe(text) if is_safe else str(text)
    made = make()
    versions.cache().set(key, (str(made), isinstance(made, SafeString)), seconds)
    return made


def _identity(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    named = [*((str(place), value) for place, value in enumerate(args)), *sorted(kwargs.items())]
    return repr([(place, _identity_of(name, value)) for place, value in named])


def _identity_of(name: str, value: Any) -> str:
    if isinstance(value, Model):
        if value.pk is None:
            raise ValueError(f"{name}: an argument is a {value._meta.label} that is not saved yet")
        return f"{value._meta.label}:{value.pk}"
    if value is None or isinstance(value, (str, int, float, bool)):
        return f"{type(value).__name__}:{value}"
    raise TypeError(
        f"{name}: an argument is of the type {type(value).__name__}, by which fragments cannot be "
        "told apart. Pass isr_fragment a key=, a function of the arguments that returns a str."
    )
