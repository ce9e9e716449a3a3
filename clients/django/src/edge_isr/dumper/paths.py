"""The tag that stands for a path, for pages and purges alike."""

import hashlib
import logging
from urllib.parse import unquote, urlsplit

from django.conf import settings

from ..tags import LENGTH_MAX, canonical

logger = logging.getLogger("dumper.invalidation")


def tag_of_path(url: str) -> str:
    """The tag of the page at a path. Of a URL, scheme, host, query and fragment do not count.

    reverse() percent-encodes what request.path has as it is; both are one path here.
    """
    if not isinstance(url, str):
        raise TypeError(f"dependent_paths() must return paths as str, not {url!r}")
    tag = tag_of_request_path(unquote(urlsplit(url).path))
    logger.debug("purging path %r by the tag %s", url, tag)
    return tag


def tag_of_request_path(path: str) -> str:
    """The tag of the page at request.path."""
    prefix = getattr(settings, "DUMPER_KEY_PREFIX", "dumper.cached_path.")
    try:
        return canonical(f"{prefix}{path}")
    except ValueError:
        # Longer than a tag may be.
        digest = hashlib.sha256(path.encode()).hexdigest()
        return canonical(f"{prefix[: LENGTH_MAX - 64]}{digest}")
