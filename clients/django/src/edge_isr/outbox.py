"""Purges wait in a table, so that none is lost and none is early.

A purge is a row, written in the transaction of the change. So a transaction that is rolled back
purges nothing, and one that is committed cannot lose its purge, whatever happens to this process or
to the edge. It is sent once the transaction is committed: earlier, the edge could fetch the old
page again and take it for the new one. `sending` says how.
"""

from collections.abc import Iterable

from asgiref.sync import sync_to_async
from django.db import router, transaction

from . import sending
from .config import Config
from .models import PendingPurge
from .tags import tag_set

Kind = PendingPurge.Kind


def purge(
    *tags: str,
    urls: Iterable[str] = (),
    prefixes: Iterable[str] = (),
    hosts: Iterable[str] = (),
    everything: bool = False,
    mode: str = "soft",
    warm: bool | None = None,
    using: str | None = None,
    sends: bool = True,
) -> None:
    """Purges these at the edge: after the current transaction, if there is one, else at once.

    tags: the tags of pages, as edge_cache() and add_tags() declare them.
    urls: of pages. A path, such as "/posts/", is one of the site in EDGE_ISR["URL"]. Without a
        query, a URL stands for the page with every query.
    prefixes: paths below which all pages are purged, on every host: "/blog".
    hosts, everything: all pages of a host, or all pages.
    mode: "hard" takes pages out at once, where "soft" serves the old one while it is fetched anew.
    warm: True has the edge fetch the pages again at once, before a visitor asks. None leaves that
        to EDGE_ISR["WARM"], and where that is None to the edge's own settings.
    using: the database whose transaction this belongs to.
    sends: False leaves the purge in the outbox, for sending.send_pending() or `edge_isr_send`.

    For what sends no signals. Call it in the transaction that makes the change.

        with transaction.atomic():
            cursor.execute("UPDATE blog_post SET …")
            purge("posts", f"category-{old.pk}-posts")

    Raises ValueError or TypeError for what cannot be purged.
    """
    config = Config.from_settings()
    rows: list[tuple[str, str]] = [
        *((Kind.TAG, tag) for tag in tag_set(tags)),
        *((Kind.URL, absolute(url, config)) for url in _each(urls)),
        *((Kind.PREFIX, _path(prefix)) for prefix in _each(prefixes)),
        *((Kind.HOST, host) for host in _each(hosts)),
        *([(Kind.EVERYTHING, "")] if everything else []),
    ]
    write(rows, mode, warm, using, sends)


apurge = sync_to_async(purge)
"""purge() for asynchronous code."""


def write(
    rows: Iterable[tuple[str, str]],
    mode: str = "soft",
    warm: bool | None = None,
    using: str | None = None,
    sends: bool = True,
) -> None:
    """Writes rows into the outbox, and has them sent after the commit."""
    warm = Config.from_settings().warm if warm is None else warm
    mode = PendingPurge.Mode(mode)
    using = using or router.db_for_write(PendingPurge)
    rows = list(dict.fromkeys(rows))
    if not rows:
        return
    PendingPurge.objects.using(using).bulk_create(
        PendingPurge(kind=kind, value=value, mode=mode, warm=warm) for kind, value in rows
    )
    if not sends:
        return
    # The first of a transaction's callbacks sends everything; the others find nothing to do.
    # No partial(): where robust=True reports an exception, Django asks for the name of a function.
    transaction.on_commit(lambda: sending.after_commit(using, rows), using=using, robust=True)


def revalidate_by_tags(tags: Iterable[str]) -> list[str]:
    """Purges pages by their tags and has the edge fetch them again, as in django-edge-isr.

    The list that it returns is empty: the edge knows the URLs, and purges them after the commit.
    """
    purge(*_each(tags), warm=True)
    return []


def revalidate_by_urls(urls: Iterable[str]) -> list[str]:
    """Purges these pages and has the edge fetch them again; returns their URLs."""
    urls = [absolute(url, Config.from_settings()) for url in _each(urls)]
    purge(urls=urls, warm=True)
    return urls


def absolute(url: str, config: Config) -> str:
    """The URL; a path belongs to the site in EDGE_ISR["URL"]. Raises ValueError."""
    if url.startswith("/") and not url.startswith("//"):
        # Where no edge is configured, the rows wait for one, and its host is not known yet.
        return f"{config.site}{url}"
    if url.startswith(("http://", "https://")):
        return url
    raise ValueError(f"a URL begins with https:// or, on the edge's own host, with /: {url!r}")


def _path(prefix: str) -> str:
    if not prefix.startswith("/"):
        raise ValueError(f"a prefix is a path and begins with a slash: {prefix!r}")
    return prefix


def _each(values: Iterable[str]) -> list[str]:
    if isinstance(values, str):
        raise TypeError(f"this takes a list, not one str: [{values!r}]")
    return list(values)
