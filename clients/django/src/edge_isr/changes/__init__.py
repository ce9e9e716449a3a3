"""Rows that change purge the pages that show them.

rows        watch(): saves, deletes, many-to-many changes and fixtures, by Django's signals
querysets   watching() and WatchedManager: update(), bulk_create(), bulk_update()
"""

from .querysets import WatchedManager, WatchedQuerySet, watching
from .rows import TagsError, tags_of_row, watch

__all__ = [
    "TagsError",
    "WatchedManager",
    "WatchedQuerySet",
    "tags_of_row",
    "watch",
    "watching",
]
