"""What this site keeps in Django's own cache, and how a purge ends it.

A tag has a version: a random text in the cache. What is kept is found by the versions that its tags
had when its making began, and a purge deletes them. So what was begun before a purge is never found
after it, however late it is stored; and a version that the cache has evicted comes back as another.

The edge asks again as soon as it hears of a purge, so versions end first. With a cache that each
process has for itself (LocMemCache), a purge ends only what its own process keeps: see the check
edge_isr.W005.
"""

import hashlib
import logging
import uuid
from collections.abc import Iterable

from django.core.cache import BaseCache, caches

from .config import Config

logger = logging.getLogger(__name__)

SITE = "*"
"""In the place of a tag: everything. Any purge ends it. No tag is spelt so at the edge's routes."""


def cache() -> BaseCache:
    """The cache of EDGE_ISR["CACHE"]."""
    return caches[Config.from_settings().cache]


def current(tags: Iterable[str]) -> str:
    """One text for the versions of all these tags. It is another after a purge of any of them."""
    kept = cache()
    keys = sorted({_key(tag) for tag in tags})
    versions = kept.get_many(keys)
    for key in keys:
        if key not in versions:
            begun = uuid.uuid4().hex
            # Another process may have been faster; then its version counts.
            versions[key] = begun if kept.add(key, begun, None) else kept.get(key, begun)
    return hashlib.sha256("".join(versions[key] for key in keys).encode()).hexdigest()


def end(rows: Iterable[tuple[str, str]]) -> None:
    """Ends what is kept under these selectors. What is kept by page ends at any purge."""
    keys = {_key(SITE), *(_key(value) for kind, value in rows if kind == "tag")}
    try:
        cache().delete_many(sorted(keys))
    except Exception:
        # Nothing is served from a cache that cannot be reached, either.
        logger.exception("Django's cache cannot be told of a purge.")


def _key(tag: str) -> str:
    # Hashed: a key may have 250 characters, and no spaces, in Memcached.
    return "edge_isr.version." + hashlib.sha256(tag.encode()).hexdigest()[:32]
