"""Changes of many rows at once, which send no signals: update(), bulk_create(), bulk_update().

What they change is purged inside `with watching():`, and always on a manager that is made for it:

    class Post(models.Model):
        objects = WatchedManager()

As with watch(), the tags of each row count before and after the change, in one transaction. A
queryset's delete() needs neither: it sends signals for watched models.

Django's bulk_update() and the managers of foreign keys, such as category.posts.add(post), call
update(), so they are covered with it.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import reduce, wraps
from operator import or_
from typing import Any

from django.db import models, transaction

from ..outbox import purge
from .rows import watched_kin

_CHUNK = 1000
"""Rows that are read, and changed, at a time."""

_inside: ContextVar[bool] = ContextVar("edge_isr_watching", default=False)


@contextmanager
def watching() -> Iterator[None]:
    """Inside, update(), bulk_create() and bulk_update() of watched models purge.

        with watching():
            Post.objects.filter(category=old).update(category=new)

    It counts for the thread or task that enters it, and for what that calls.
    """
    _extend_querysets()
    before = _inside.set(True)
    try:
        yield
    finally:
        _inside.reset(before)


class WatchedQuerySet(models.QuerySet[Any]):
    """A queryset whose changes of many rows always purge. Use it as WatchedManager, or derive yours
    from it."""

    def update(self, **values: Any) -> int:
        return _update(self, models.QuerySet.update, values)

    update.alters_data = True  # type: ignore[attr-defined]

    def bulk_create(self, objs: Iterable[Any], *args: Any, **options: Any) -> list[Any]:
        return _bulk_create(self, models.QuerySet.bulk_create, list(objs), args, options)

    bulk_create.alters_data = True  # type: ignore[attr-defined]


WatchedManager = models.Manager.from_queryset(WatchedQuerySet, class_name="WatchedManager")


def _extend_querysets() -> None:
    """Has Django's own querysets purge too. Outside of watching() they do as before."""
    update, bulk_create = models.QuerySet.update, models.QuerySet.bulk_create
    if hasattr(update, "_edge_isr"):
        return

    @wraps(update)
    def watched_update(self: Any, **values: Any) -> int:
        return _update(self, update, values) if _inside.get() else update(self, **values)

    @wraps(bulk_create)
    def watched_bulk_create(self: Any, objs: Iterable[Any], *args: Any, **options: Any) -> Any:
        if not _inside.get():
            return bulk_create(self, objs, *args, **options)
        return _bulk_create(self, bulk_create, list(objs), args, options)

    setattr(watched_update, "_edge_isr", True)  # noqa: B010
    models.QuerySet.update = watched_update  # type: ignore[method-assign]
    models.QuerySet.bulk_create = watched_bulk_create  # type: ignore[method-assign]


def _update(rows: Any, update: Any, values: dict[str, Any]) -> int:
    watches = [each for each in watched_kin(rows.model) if not each.ignore.issuperset(values)]
    if not watches or rows.query.is_sliced:
        # Django refuses to update a slice.
        return int(update(rows, **values))
    rows._for_write = True
    using, changed = rows.db, 0
    with transaction.atomic(using=using), _once():
        # Which rows it is cannot be told afterwards: the change may be of what is filtered by.
        pks = list(rows.order_by().values_list("pk", flat=True).distinct())
        for chunk in _chunks(pks):
            tags = [tag for each in watches for tag in each.tags_of(chunk, using, True, rows.model)]
            changed += update(rows.filter(pk__in=chunk), **values)
            tags += [
                tag for each in watches for tag in each.tags_of(chunk, using, False, rows.model)
            ]
            purge(*tags, using=using)
    return changed


def _bulk_create(
    rows: Any, create: Any, objs: list[Any], args: Any, options: dict[str, Any]
) -> list[Any]:
    watches = watched_kin(rows.model)
    if not watches or not objs:
        return list(create(rows, objs, *args, **options))
    rows._for_write = True
    using = rows.db
    with transaction.atomic(using=using), _once():
        replaced = _rows_that_conflict(rows, objs, options)
        before = [tag for each in watches for tag in _tags(each, replaced, using, lock=True)]
        created = list(create(rows, objs, *args, **options))
        purge(*before, using=using)
        pks = {*replaced, *(each.pk for each in created if each.pk is not None)}
        # A database that returns no keys leaves the instance as it is in memory.
        nameless = [each for each in created if each.pk is None]
        for each in watches:
            purge(*_tags(each, list(pks), using), using=using)
            alike = [one for one in nameless if isinstance(one, each.model)]
            purge(*(tag for one in alike for tag in each.tags_of_instance(one)), using=using)
    return created


def _rows_that_conflict(rows: Any, objs: list[Any], options: dict[str, Any]) -> list[Any]:
    """The keys of the rows that bulk_create(update_conflicts=True) will change."""
    names = options.get("unique_fields") or ()
    if not options.get("update_conflicts"):
        return []
    pks = [each.pk for each in objs if each.pk is not None]
    found = {pk for chunk in _chunks(pks) for pk in _existing(rows, models.Q(pk__in=chunk))}
    for chunk in _chunks(objs if names else [], 100):
        alike = (models.Q(**{name: getattr(each, name) for name in names}) for each in chunk)
        found.update(_existing(rows, reduce(or_, alike)))
    return list(found)


def _existing(rows: Any, which: models.Q) -> list[Any]:
    return list(rows.model._base_manager.using(rows.db).filter(which).values_list("pk", flat=True))


def _tags(watched: Any, pks: list[Any], using: str, lock: bool = False) -> list[str]:
    return [tag for chunk in _chunks(pks) for tag in watched.tags_of(chunk, using, lock)]


def _chunks(values: list[Any], size: int = _CHUNK) -> Iterator[list[Any]]:
    return (values[start : start + size] for start in range(0, len(values), size))


@contextmanager
def _once() -> Iterator[None]:
    """What Django's own methods call inside is not watched a second time."""
    before = _inside.set(False)
    try:
        yield
    finally:
        _inside.reset(before)
