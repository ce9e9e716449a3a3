"""Sends the outbox: after each commit, and by `manage.py edge_isr_send`.

Rows are deleted after the edge's 200, by their ids. A crash in between, or two processes that send
the same row, repeat a purge, which does no harm. Where the database can lock rows and skip locked
ones, each row is sent by one process at a time.

What the site itself keeps (see `versions`) ends before the edge is told: the edge would otherwise
fetch the old page again and take it for the new one.
"""

import logging
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.db import connections, transaction

from . import edge, versions
from .config import Config
from .edge import Selector
from .models import PendingPurge
from .senders import sender

logger = logging.getLogger(__name__)

# Many rows of few tags (a thousand saved posts all name the list's tag) share a request.
_ROWS_PER_SELECTOR = 20
_IDS_PER_DELETE = 500

# By the edge's URL: until when (time.monotonic) this process leaves the edge alone. A slow edge
# then slows down one save, and not each.
_resting_until: dict[str, float] = {}


def after_commit(using: str, rows: Iterable[Selector]) -> None:
    """What a commit that purges something starts."""
    versions.end(rows)
    try:
        sender(Config.from_settings())(using)
    except Exception:
        logger.exception("The purges wait in the outbox: EDGE_ISR['SENDER'] failed.")


def send_now(using: str) -> None:
    """Sends in this process, for at most TIMEOUT. A failure is logged, and the rows stay."""
    config = Config.from_settings()
    if not config.url or time.monotonic() < _resting_until.get(config.url, 0):
        return
    try:
        send_pending(using, config, config.timeout)
    except edge.NotTaken as problem:
        _resting_until[config.url] = time.monotonic() + config.retry_after
        level = logging.ERROR if isinstance(problem, edge.Refused) else logging.WARNING
        logger.log(level, "%d purges wait in the outbox: %s.", waiting(using), problem)


def send_pending(using: str, config: Config, seconds: float | None = None) -> "Sent":
    """Sends what waits, oldest first; returns a Sent or raises edge.NotTaken.

    seconds: stop then, whatever is left. None: go on until nothing is left.
    """
    if connections[using].in_atomic_block:
        raise RuntimeError("inside a transaction: what it changed cannot be seen by anyone yet")
    run = _Run(using, config, None if seconds is None else time.monotonic() + seconds)
    while run.send_batch():
        pass
    return run.sent


def waiting(using: str) -> int:
    """How many rows are in the outbox."""
    return PendingPurge.objects.using(using).count()


@dataclass
class Sent:
    """What came of a run."""

    requests: int = 0
    selectors: int = 0
    """Tags, URLs, prefixes and hosts that the edge has confirmed."""
    jobs: list[str] = field(default_factory=list)
    """The ids of the warmups that follow."""
    broken: int = 0
    """Rows that stay, because their tags cannot be read."""


@dataclass
class _Batch:
    """Rows of one mode, which go in one request."""

    mode: str
    warm: bool | None
    selectors: dict[int, set[Selector]] = field(default_factory=dict)
    """By the row's id."""

    @property
    def all(self) -> list[Selector]:
        """In the order of the rows."""
        return list(dict.fromkeys(each for row in self.selectors.values() for each in row))


class _Run:
    """One run of sending."""

    def __init__(self, using: str, config: Config, until: float | None) -> None:
        self.using = using
        self.config = config
        self.until = until
        self.sent = Sent()
        self._broken: set[int] = set()
        self._rejected: set[Selector] = set()

    def send_batch(self) -> bool:
        """Sends the oldest rows; returns whether there may be more. Raises edge.NotTaken."""
        with self._claiming():
            batch = self._oldest()
            if batch is None:
                return False
            versions.end(batch.all)
            settled = set(self._rejected)
            for start in range(0, len(batch.all), self.config.batch):
                settled |= self._purge(batch, batch.all[start : start + self.config.batch])
            self._delete([id for id, named in batch.selectors.items() if named <= settled])
        return True

    def _purge(self, batch: _Batch, selectors: list[Selector]) -> frozenset[Selector]:
        config = self.config
        left = config.timeout if self.until is None else self.until - time.monotonic()
        if left <= 0:
            raise edge.Unavailable("the time for sending is up")
        seconds = min(left, config.timeout)
        receipt = edge.purge(config, selectors, batch.mode, batch.warm, seconds)
        for (kind, value), reason in receipt.rejected.items():
            logger.error("The edge can never purge the %s %r, dropped: %s", kind, value, reason)
        self._rejected |= set(receipt.rejected)
        self.sent.requests += 1
        self.sent.selectors += len(receipt.settled)
        self.sent.jobs += [receipt.job] if receipt.job else []
        return receipt.settled

    @contextmanager
    def _claiming(self) -> Iterator[None]:
        """Locks the rows until they are deleted, where other senders can skip locked rows."""
        if not self._skips_locked:
            yield
            return
        with transaction.atomic(using=self.using):
            yield

    @property
    def _skips_locked(self) -> bool:
        return bool(connections[self.using].features.has_select_for_update_skip_locked)

    def _oldest(self) -> _Batch | None:
        """The next batch. Rows whose tags cannot be read are passed over, and stay."""
        rows = PendingPurge.objects.using(self.using).order_by("pk").exclude(pk__in=self._broken)
        if self._skips_locked:
            rows = rows.select_for_update(skip_locked=True)
        named = rows.values_list("pk", "kind", "value", "mode", "warm")
        batch: _Batch | None = None
        distinct: set[Selector] = set()
        for id, kind, value, mode, warm in named[: self.config.batch * _ROWS_PER_SELECTOR]:
            batch = batch or _Batch(mode, warm)
            if (mode, warm) != (batch.mode, batch.warm):
                break
            selectors = self._selectors(id, kind, value)
            if selectors is None:
                continue
            if distinct and len(distinct | selectors) > self.config.batch:
                break
            distinct |= selectors
            batch.selectors[id] = selectors
        return batch

    def _selectors(self, id: int, kind: str, value: str) -> set[Selector] | None:
        """What a row stands for. None: that cannot be told, which is logged."""
        try:
            selectors = resolve(kind, value, self.config, self.using)
        except Exception as error:
            self._broken.add(id)
            self.sent.broken = len(self._broken)
            logger.error(
                "Row %d of the outbox (%s %r) stays there: %s: %s",
                id, kind, value, type(error).__name__, error,
            )  # fmt: skip
            return None
        return selectors - self._rejected

    def _delete(self, ids: list[int]) -> None:
        """By their ids, since rows of the same tags may have been committed meanwhile."""
        for start in range(0, len(ids), _IDS_PER_DELETE):
            chunk = ids[start : start + _IDS_PER_DELETE]
            PendingPurge.objects.using(self.using).filter(pk__in=chunk).delete()


def resolve(kind: str, value: str, config: Config, using: str) -> set[Selector]:
    """What the edge is told for a row of the outbox."""
    if kind == PendingPurge.Kind.ROW:
        from .changes import tags_of_row

        return {(PendingPurge.Kind.TAG.value, tag) for tag in tags_of_row(value, using)}
    if kind == PendingPurge.Kind.URL and value.startswith("/"):
        return {(kind, f"{config.site}{value}")}
    return {(kind, value)}
