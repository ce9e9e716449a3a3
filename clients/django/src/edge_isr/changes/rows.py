"""watch(): a row that changes purges the pages that show it, before and after the change.

Each receiver reads the row from the database and adds its tags to the outbox, at the `pre_` signal
and again at the `post_` one, all in one transaction. So a post that moves from one category to
another purges both; nothing is remembered in between; and what the instance in memory holds (an F()
expression, a field that is not saved, a stale relation) does not count.

The row stays locked until the end of the transaction, where the database can do that: of two
transactions that move a post, A to B and B to C, the second would otherwise read "A" as what was
there before, and never purge B.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial, wraps
from typing import Any

from django.apps import apps
from django.db import connections, models, router, transaction
from django.db.models import signals
from django.db.models.signals import ModelSignal

from ..models import PendingPurge
from ..outbox import purge, write
from ..tags import tag_set

logger = logging.getLogger(__name__)

_registry: dict[str, list["_Watched"]] = defaultdict(list)


def watch(
    model: type[models.Model],
    tags: Callable[[Any], Iterable[str]],
    *,
    ignore: Iterable[str] = (),
) -> None:
    """Purges tags(instance), as they were and as they are, whenever an instance is saved or
    deleted, or one of its many-to-many relations changes, from either side.

        watch(Post, lambda post: ["posts", f"post-{post.pk}", f"category-{post.category_id}-posts"])

    ignore: fields that no page shows; a save(update_fields=…) of nothing else purges nothing.

    Call it in an AppConfig.ready(). QuerySet.update(), bulk_create() and bulk_update() send no
    signals: use `with watching():`, or a WatchedManager. Not seen: raw SQL, and data migrations,
    whose models are others. Call purge() there.

    Saving raises TagsError if the function fails, and then nothing is saved.
    """
    if not callable(tags):
        raise TypeError(f"watch({model.__name__}, …): tags is a function of a row, not {tags!r}")
    once_models_are_there(lambda: _watch(model, tags, frozenset(ignore)))


_later: list[Callable[[], None]] = []


def once_models_are_there(begin: Callable[[], None]) -> None:
    """Calls a function now, or once all models are loaded: a models.py may call watch()."""
    if apps.models_ready:
        begin()
    else:
        _later.append(begin)


def begin_what_waits() -> None:
    """Called by this package's AppConfig.ready()."""
    while _later:
        _later.pop(0)()


def kin_of(model: type[models.Model]) -> list[type[models.Model]]:
    """The models whose rows can be rows of this one: itself, its parents, children and proxies.

    Their save() becomes one transaction with what its signals write.
    """
    for kind in (model, *model._meta.get_parent_list()):
        _save_in_a_transaction(kind)
    return [kind for kind in model._meta.apps.get_models() if _kin(kind, model)]


def _watch(model: Any, tags: Callable[[Any], Iterable[str]], ignore: frozenset[str]) -> None:
    model = model._meta.concrete_model or model
    watched = _Watched(model, tags, ignore)
    _registry[model._meta.label_lower].append(watched)
    kinds = kin_of(model)
    for kind in kinds:
        for signal in (signals.pre_save, signals.post_save):
            signal.connect(watched.on_save, sender=kind, weak=False)
        # Before, and not after: later its relations are gone. It is the same transaction.
        signals.pre_delete.connect(watched.on_delete, sender=kind, weak=False)
    for relation in {field for kind in kinds for field in _many_to_many(kind)}:
        through = relation.remote_field.through
        receiver = partial(watched.on_relation, relation)
        signals.m2m_changed.connect(receiver, sender=through, weak=False)


class TagsError(Exception):
    """The tags of a row cannot be told, so nothing could purge its pages."""


def watched_kin(model: type[models.Model]) -> list["_Watched"]:
    """The watches that a row of this model, or the same row as its parent or child, concerns."""
    return [each for watches in _registry.values() for each in watches if _kin(each.model, model)]


def tags_of_row(name: str, using: str) -> list[str]:
    """The tags of a row that is named like blog.post:7. Raises LookupError if it is not watched."""
    label, _, pk = name.partition(":")
    if label not in _registry:
        raise LookupError(f"{label} is not watched in this process")
    return [tag for watched in _registry[label] for tag in watched.tags_of([pk], using)]


@dataclass(frozen=True)
class _Watched:
    """The receivers of one watched model."""

    model: Any
    tags: Callable[[Any], Iterable[str]]
    ignore: frozenset[str]

    def on_save(
        self,
        instance: Any,
        raw: bool,
        using: str,
        update_fields: Any,
        signal: ModelSignal,
        **_: Any,
    ) -> None:
        if raw:
            self._on_fixture(instance.pk, signal is signals.pre_save, using)
        elif update_fields is None or not self.ignore.issuperset(update_fields):
            self._purge([instance.pk], using, of=type(instance))

    def _on_fixture(self, pk: Any, is_before: bool, using: str) -> None:
        """While a fixture loads, the rows that tags() looks at need not be there yet: the tags are
        read when the purge is sent."""
        if not is_before:
            write([(PendingPurge.Kind.ROW, f"{self.model._meta.label_lower}:{pk}")], using=using)
            return
        try:
            with transaction.atomic(using=using):
                self._purge([pk], using)
        except Exception:
            logger.warning("The tags of %s before the fixture are unknown.", pk, exc_info=True)

    def on_delete(self, instance: Any, using: str, **_: Any) -> None:
        self._purge([instance.pk], using, of=type(instance))

    def on_relation(
        self,
        relation: Any,
        action: str,
        instance: Any,
        model: Any,
        pk_set: Any,
        reverse: bool,
        using: str,
        **_: Any,
    ) -> None:
        if pk_set is None:
            pk_set = _cleared(relation, action, instance, reverse, using)
        # The model that declares the relation is locked, the other one is not: two posts that get
        # the same topics at the same time need not wait for each other.
        lock = _kin(self.model, relation.model)
        if _kin(self.model, type(instance)):
            self._purge([instance.pk], using, lock, of=type(instance))
        if _kin(self.model, model):
            self._purge(pk_set, using, lock, of=model)

    def tags_of(
        self, pks: Iterable[Any], using: str, lock: bool = False, of: Any = None
    ) -> list[str]:
        """The tags of these rows, as they are in the database. Raises TagsError.

        of: the model whose keys they are, if it is a parent of the watched one.
        """
        link = self.model._meta.get_ancestor_link(of) if of and of is not self.model else None
        which = {f"{link.attname if link else 'pk'}__in": list(pks)}
        rows = self.model._base_manager.using(using).filter(**which).order_by("pk")
        if lock:
            features = connections[using].features
            rows = rows.select_for_update(no_key=features.has_select_for_no_key_update)
        return [tag for row in rows for tag in self.tags_of_instance(row)]

    def tags_of_instance(self, instance: Any) -> list[str]:
        """What the site's function names for an instance. Raises TagsError."""
        try:
            return tag_set(self.tags(instance))
        except Exception as error:
            function = getattr(self.tags, "__qualname__", repr(self.tags))
            raise TagsError(
                f"watch({self.model._meta.label}): its tags function {function} must return a list "
                f"of tags; for the row {instance.pk} it failed with "
                f"{type(error).__name__}: {error}"
            ) from error

    def _purge(self, pks: Iterable[Any], using: str, lock: bool = True, of: Any = None) -> None:
        of = of._meta.concrete_model if of else None
        purge(*self.tags_of(pks, using, lock, of), using=using)


def _save_in_a_transaction(model: Any) -> None:
    """Outside of a transaction, save() commits before it sends post_save: a crash between the two
    would lose the purge."""
    if getattr(model.save_base, "_edge_isr", None) is model:
        return
    save_base = model.save_base

    @wraps(save_base)
    def save_base_atomically(self: Any, *args: Any, using: Any = None, **kwargs: Any) -> Any:
        using = using or router.db_for_write(type(self), instance=self)
        with transaction.atomic(using=using):
            return save_base(self, *args, using=using, **kwargs)

    setattr(save_base_atomically, "_edge_isr", model)  # noqa: B010
    model.save_base = save_base_atomically


def _many_to_many(model: Any) -> Iterator[Any]:
    """The many-to-many fields of a model and those that point at it, hidden ones included."""
    for relation in model._meta.get_fields(include_hidden=True):
        if isinstance(relation, models.ManyToManyField):
            yield relation
        elif isinstance(relation, models.ManyToManyRel):
            yield relation.field


def _kin(one: type, other: type) -> bool:
    """Whether a row of one model can be a row of the other, its parent, child or proxy."""
    return issubclass(one, other) or issubclass(other, one)


def _cleared(relation: Any, action: str, instance: Any, reverse: bool, using: str) -> list[Any]:
    """The other side of a clear(). The signals do not name it, and at the second it is gone."""
    if action == "pre_clear":
        source, target = relation.m2m_field_name(), relation.m2m_reverse_field_name()
        if reverse:
            source, target = target, source
        through = relation.remote_field.through._base_manager.using(using)
        rows = through.filter(**{source: instance}).values_list(f"{target}__pk", flat=True)
        instance._edge_isr_cleared = list(rows)
    return list(instance._edge_isr_cleared)
