"""django-custom-cache-page's interface: pages are kept by the edge, and purged by their tags.

    from custom_cache_page import cache_page  →  from edge_isr.custom_cache_page import cache_page

A page whose key is a function of the URL and of request fields is kept by the edge. Its key there
is the whole URL and those fields: finer than any such key, so two pages never share a copy that
should not. A page whose key reads anything else (the user, the session, a cookie) is kept by this
site, in Django's cache, and is private for the edge.

    pages       cache_page(): which of the two it is
    reading     what a key function reads of a request
    kept        the pages that Django's cache keeps
    tags        versioned(), invalidate_tag(), surrogate_from_…()
    keys        generate_cache_key() and others
"""

from .keys import generate_cache_key, generate_query_params_cache_key, hash_key
from .pages import cache_page
from .tags import (
    SurrogateKeySet,
    Versioned,
    invalidate_tag,
    invalidate_tags,
    surrogate_from_model,
    surrogate_from_path,
    surrogate_from_query_params,
    surrogate_from_user,
    surrogate_from_view,
    versioned,
)

__all__ = [
    "SurrogateKeySet",
    "Versioned",
    "cache_page",
    "generate_cache_key",
    "generate_query_params_cache_key",
    "hash_key",
    "invalidate_tag",
    "invalidate_tags",
    "surrogate_from_model",
    "surrogate_from_path",
    "surrogate_from_query_params",
    "surrogate_from_user",
    "surrogate_from_view",
    "versioned",
]

_INDEXES = (
    "BaseSurrogateIndex",
    "DjangoCacheIndex",
    "NullSurrogateIndex",
    "RedisSurrogateIndex",
)


def __getattr__(name: str) -> object:
    if name in _INDEXES:
        raise ImportError(
            f"{name} is not needed: the edge purges by tag without an index. Remove the import, "
            "and the backend that uses it."
        )
    raise AttributeError(f"edge_isr.custom_cache_page has no {name!r}")
