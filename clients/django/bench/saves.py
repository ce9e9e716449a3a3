"""A thousand saves at once: what the edge is asked, and how much longer a save takes.

    python bench/saves.py                    # SQLite, in memory
    python tests/postgres.py --bench         # PostgreSQL

The edge takes 5 ms for an answer. Saves are made one after the other, each in a transaction of its
own; then all in one transaction.
"""

import os
import statistics
import sys
import time
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(PACKAGE / "src"), str(PACKAGE)]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

SAVES = 1000
TAKES = 0.005


def main():
    import django
    from django.test.utils import get_runner

    django.setup()
    from django.conf import settings

    runner = get_runner(settings)(verbosity=0)
    databases = runner.setup_databases()
    try:
        bench()
    finally:
        runner.teardown_databases(databases)


def bench():
    from django.conf import settings
    from django.db import connection, transaction

    from edge_isr.testing import TOKEN, FakeEdge, take
    from tests.shop.models import Category, Post, Topicless

    edge = FakeEdge()

    def slowly(asked):
        time.sleep(TAKES)
        return take(asked)

    edge.answer = slowly
    settings.EDGE_ISR = {"URL": edge.url, "TOKEN": TOKEN}
    category = Category.objects.create(name="bread")
    post = Post.objects.create(slug="x", category=category)
    plain = Topicless.objects.create(slug="x", category=category)
    print(f"{connection.vendor}, {SAVES} saves")
    print(f"{'':40}{'median ms':>10}{'p95 ms':>10}{'requests':>10}")
    rows = [
        ("a model that nobody watches", plain, False),
        ("a watched model, edge takes 5 ms", post, False),
        ("the same, all in one transaction", post, True),
    ]
    for name, row, at_once in rows:
        edge.asked.clear()
        times = []
        if at_once:
            with transaction.atomic():
                save(row, times)
        else:
            save(row, times)
        times.sort()
        median, late = statistics.median(times), times[int(len(times) * 0.95)]
        print(f"{name:40}{median * 1e3:10.2f}{late * 1e3:10.2f}{len(edge.asked):10}")
    edge.close()


def save(row, times):
    for n in range(SAVES):
        begun = time.perf_counter()
        row.title = str(n)
        row.save()
        times.append(time.perf_counter() - begun)


if __name__ == "__main__":
    main()
