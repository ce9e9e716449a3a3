"""One of many processes that save, roll back and send at once: see test_concurrency.

    python tests/saver.py NAME CHANGES

It prints a line for each change that it has committed: the slug of the post, and its new title.
"""

import os
import random
import sys
from pathlib import Path

sys.path[:0] = [
    str(Path(__file__).resolve().parents[1] / "src"),
    str(Path(__file__).resolve().parents[1]),
]
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"


class Rollback(Exception):
    pass


def main(name, changes):
    import django
    from django.conf import settings
    from django.db import transaction

    settings.EDGE_ISR = {
        "URL": os.environ["EDGE_URL"],
        "TOKEN": "a-token-for-tests",
        "RETRY_AFTER": 0.05,
    }
    django.setup()
    from tests.shop.models import Category, Post

    chance = random.Random(name)
    category = Category.objects.get()
    for n in range(changes):
        title = f"{name}-{n}"
        # Some posts are each process's own, and some are everybody's.
        slug = f"own-{name}-{n}" if chance.random() < 0.5 else f"shared-{chance.randrange(5)}"
        rolls_back = chance.random() < 0.3
        try:
            with transaction.atomic():
                post, _ = Post.objects.select_for_update().get_or_create(
                    slug=f"rolled-back-{name}-{n}" if rolls_back else slug,
                    defaults={"category": category},
                )
                post.title = title
                post.save()
                if rolls_back:
                    raise Rollback
        except Rollback:
            continue
        print(slug, title, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
