"""django-dumper's interface: every page is kept for ever, and purged by its path.

    import dumper                                →  from edge_isr import dumper
    dumper.middleware.UpdateCacheMiddleware      →  edge_isr.dumper.middleware.CacheMiddleware
    dumper.middleware.FetchFromCacheMiddleware   →  (the same one)

    class IceCream(models.Model):
        def dependent_paths(self):
            return [self.get_absolute_url()]

    dumper.register(IceCream)

Different on purpose: the edge keeps a page for each query of a path, and purges them together; and
paths are purged as they were before a change too.
"""

import logging
from typing import Any

from django.db import models

from ..changes import watch
from .paths import tag_of_path

logger = logging.getLogger("dumper.site")

__all__ = ["register"]


def register(model: type[models.Model]) -> None:
    """Purges the paths that model.dependent_paths() names, whenever a row is saved or deleted, or
    one of its many-to-many relations changes, from either side. Call it in models.py.

    dependent_paths() returns a list of paths, or yields them. Of a URL, its path counts.
    Raises TypeError for a model without it.
    """
    if not callable(getattr(model, "dependent_paths", None)):
        raise TypeError(
            f"dumper.register({model.__name__}): the model needs a method dependent_paths() that "
            "returns the paths to purge when a row of it changes."
        )
    logger.debug("registered %s", model._meta.label)
    watch(model, _tags_of)


def _tags_of(instance: Any) -> list[str]:
    paths = instance.dependent_paths()
    if isinstance(paths, str):
        raise TypeError(f"dependent_paths() must return a list of paths, not the str {paths!r}")
    paths = list(paths or ())
    logger.debug("purging %s %s: %s", instance._meta.label, instance.pk, ", ".join(map(str, paths)))
    return [tag_of_path(path) for path in paths]
