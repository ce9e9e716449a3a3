"""roan's interface: a URL is purged when a row of a model changes.

    from roan import purge  →  from edge_isr.roan import purge

    purge("/posts").on_save(Post)
    purge("/posts").on_delete(Post)

ROAN_PURGE_URL is the edge's address, if EDGE_ISR has no URL. Different on purpose: the purge waits
in the outbox, in the transaction of the change, so that a rollback sends none and a failure of the
edge loses none.
"""

from typing import Any

from django.db import models
from django.db.models import signals

from . import outbox
from .changes.rows import kin_of, once_models_are_there
from .config import Config


class purge:
    """The page at this URL, with every query. A path is one of the site in EDGE_ISR["URL"].

    Raises ValueError for what is not a URL.
    """

    def __init__(self, url: str) -> None:
        outbox.absolute(url, Config.from_settings())
        self.url = url

    def on_save(self, model: type[models.Model]) -> None:
        """Purges it whenever a row of the model, or of a child of it, is saved."""
        self._on(signals.post_save, model)

    def on_delete(self, model: type[models.Model]) -> None:
        """Purges it whenever a row of the model, or of a child of it, is deleted."""
        # Before, and not after: what deletes the row may do so outside of any transaction.
        self._on(signals.pre_delete, model)

    def _on(self, signal: Any, model: type[models.Model]) -> None:
        def purged(using: str, **_: Any) -> None:
            outbox.purge(urls=[self.url], using=using)

        def connect() -> None:
            concrete = model._meta.concrete_model or model
            for kind in kin_of(concrete):
                # A row of a parent need not be one of the model.
                if issubclass(kind, concrete):
                    signal.connect(purged, sender=kind, weak=False)

        once_models_are_there(connect)
