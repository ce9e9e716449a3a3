"""Purges wait in a table, so that none is lost and none is early.

A purge is a row, written in the transaction of the change. So a transaction that is rolled back
purges nothing, and one that is committed cannot lose its purge, whatever happens to this process or
to the edge. It is sent once the transaction is committed: earlier, the edge could fetch the old
page again and take it for the new one. Rows are deleted after the edge's 200, by their ids; a crash
in between, or two processes that send the same row, repeat a purge, which does no harm.
"""

import logging
import time
from dataclasses import dataclass

from django.db import connections, router, transaction

from . import edge
from .config import Config
from .models import PendingPurge
from .tags import tag_set

logger = logging.getLogger(__name__)

# Many rows of few tags (a thousand saved posts all name the list's tag) share a request.
_ROWS_PER_TAG = 20
_IDS_PER_DELETE = 500

# By purge URL: until when (time.monotonic) this process leaves the edge alone. A slow edge then
# slows down one save, and not each.
_resting_until = {}


def purge(*tags, mode="soft", using=None):
    """Purges these tags at the edge: after the current transaction, if there is one, else at once.

    For what sends no signals: QuerySet.update(), bulk_create(), bulk_update(), raw SQL. Call it in
    the transaction that makes the change.

        with transaction.atomic():
            Post.objects.filter(category=old).update(category=new)
            purge("posts", f"category-{old.pk}-posts", f"category-{new.pk}-posts")

    mode "hard" takes pages out at once, where "soft" serves the old one while it is fetched anew.
    """
    mode = PendingPurge.Mode(mode)
    using = using or router.db_for_write(PendingPurge)
    rows = [PendingPurge(tag=tag, mode=mode) for tag in tag_set(tags)]
    if not rows:
        return
    PendingPurge.objects.using(using).bulk_create(rows)
    # The first of a transaction's callbacks sends everything; the others find nothing to do.
    # No partial(): where robust=True reports an exception, Django asks for the name of a function.
    transaction.on_commit(lambda: _send_after_commit(using), using=using, robust=True)


@dataclass
class Sent:
    """What came of a run."""

    requests: int = 0
    tags: int = 0


def send_pending(using, config, seconds=None):
    """Sends what waits, oldest first; answers with a Sent or raises edge.NotTaken.

    seconds: stop then, whatever is left. None: go on until nothing is left.
    """
    if connections[using].in_atomic_block:
        raise RuntimeError("inside a transaction: what it changed cannot be seen by anyone yet")
    sent = Sent()
    until = None if seconds is None else time.monotonic() + seconds
    while batch := _oldest(using, config.batch):
        left = config.timeout if until is None else until - time.monotonic()
        if left <= 0:
            raise edge.Unavailable("the time for sending is up")
        receipt = edge.purge(config, list(batch.ids), batch.mode, min(left, config.timeout))
        batch.settle(receipt, using)
        sent.requests += 1
        sent.tags += len(receipt.settled)
    return sent


def waiting(using):
    """How many rows are in the outbox."""
    return PendingPurge.objects.using(using).count()


def _send_after_commit(using):
    config = Config.from_settings()
    if not config.url or time.monotonic() < _resting_until.get(config.url, 0):
        return
    try:
        send_pending(using, config, config.timeout)
    except edge.NotTaken as problem:
        _resting_until[config.url] = time.monotonic() + config.retry_after
        level = logging.ERROR if isinstance(problem, edge.Refused) else logging.WARNING
        logger.log(level, "%d purges wait in the outbox: %s.", waiting(using), problem)


@dataclass
class _Batch:
    """Rows of one mode, by tag, that go in one request."""

    mode: str
    ids: dict

    def settle(self, receipt, using):
        """Deletes the rows of the settled tags, and no others: by their ids, since rows of the
        same tags may have been committed meanwhile."""
        for tag, reason in receipt.rejected.items():
            logger.error("The edge can never purge the tag %r, dropped: %s", tag, reason)
        ids = [id for tag in receipt.settled for id in self.ids[tag]]
        for start in range(0, len(ids), _IDS_PER_DELETE):
            chunk = ids[start : start + _IDS_PER_DELETE]
            PendingPurge.objects.using(using).filter(pk__in=chunk).delete()


def _oldest(using, tags_max):
    """The next batch, or None."""
    rows = PendingPurge.objects.using(using).order_by("pk").values_list("pk", "tag", "mode")
    batch = None
    for id, tag, mode in rows[: tags_max * _ROWS_PER_TAG]:
        batch = batch or _Batch(mode, {})
        if mode != batch.mode or (len(batch.ids) == tags_max and tag not in batch.ids):
            break
        batch.ids.setdefault(tag, []).append(id)
    return batch
