"""A backend for Wagtail's frontend cache, for code that purges URLs itself.

WAGTAILFRONTENDCACHE = {"edge": {"BACKEND": "edge_isr.wagtail.backend.EdgeIsrBackend"}}
"""

import logging
from collections.abc import Iterable
from typing import Any

from wagtail.contrib.frontend_cache.backends import BaseBackend

from ..outbox import purge

logger = logging.getLogger(__name__)


class EdgeIsrBackend(BaseBackend):  # type: ignore[misc]
    """Purges URLs by the outbox, in the transaction of the change. None is lost."""

    def __init__(self, params: Any) -> None:
        super().__init__({"HOSTNAMES": ["*"], **params})

    def purge(self, url: str) -> None:
        self.purge_batch([url])

    def purge_batch(self, urls: Iterable[str]) -> None:
        """Purges these URLs. What is no URL is logged."""
        for url in urls:
            try:
                purge(urls=[url])
            except (TypeError, ValueError) as error:
                logger.error("Wagtail names a URL that cannot be purged: %s", error)
