from datetime import datetime, timedelta, timezone

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils.text import slugify

from blog.models import Category, Post, Topic

FIRST = datetime(2025, 1, 6, 8, tzinfo=timezone.utc)

# Title, category, topics, text.
POSTS = [
    ("A starter from two spoons of rye", "Sourdough", ["Rye", "Beginners"],
     "Stir rye flour into as much water and leave the jar on the shelf. Feed it daily; on the "
     "fifth day it doubles by noon.\n\nWhat you throw away until then makes good pancakes."),
    ("Why dough needs salt", "Technique", ["Beginners"],
     "Salt slows the yeast and tightens the gluten. Two grams for a hundred of flour is the "
     "custom; bread without it rises fast, tears, and tastes of paper."),
    ("Folding instead of kneading", "Technique", ["Wet dough"],
     "Wet hands, four folds, half an hour of rest; three times over. Wet dough builds its strength "
     "by itself if it is turned now and then."),
    ("The plain white loaf", "Everyday", ["Beginners"],
     "Flour, water, salt, a pinch of yeast, one night in the cellar. Bake it hot and in a lidded "
     "pot, and take off the lid for the last quarter of an hour."),
    ("Baking in a cold oven", "Technique", ["Saving heat"],
     "Put the pot into the cold oven and only then turn it on. The loaf takes ten minutes longer; "
     "the half hour of heating up is saved."),
    ("Caraway, fennel, coriander", "Everyday", ["Rye"],
     "Toast the seeds dry until they smell and crush them coarsely. One teaspoon for a kilo of rye "
     "bread is enough."),
    ("When the starter sulks", "Sourdough", ["Rye"],
     "A grey puddle on top is hunger and no illness. Pour it off, take one spoon from the bottom, "
     "and feed it five times its weight."),
    ("Buns before eight", "Everyday", ["Saving heat"],
     "Shape them in the evening and let them rise in the refrigerator. In the morning they go from "
     "the cold straight into the oven."),
    ("Reading a crumb", "Technique", ["Wet dough"],
     "Large holes under the crust and a dense foot: too little time. Fine and even, with a flat "
     "top: too much. In between there is a day's difference."),
    ("Crispbread from leftovers", "Everyday", ["Rye", "Saving heat"],
     "Discarded starter, a little oil, a lot of seeds. Roll it as thin as the board allows and "
     "bake it in the heat that the loaf has left behind."),
    ("A loaf with old bread in it", "Sourdough", ["Saving heat"],
     "Soak yesterday's slices, squeeze them and knead them in, up to a tenth of the flour. The new "
     "loaf keeps for days longer."),
    ("What hydration means", "Technique", ["Wet dough", "Beginners"],
     "Water divided by flour, by weight. At sixty percent the dough obeys; at eighty it needs "
     "folding, patience and a wet table."),
]  # fmt: skip


class Command(BaseCommand):
    help = "Fills the example with posts and an admin. What is already there stays as it is."

    # One transaction, so one purge.
    @transaction.atomic
    def handle(self, **options):
        author = _admin()
        made = [_post(author, number, *post) for number, post in enumerate(POSTS)]
        self.stdout.write(f"{sum(made)} posts added. Log in at /admin/ as admin, password admin.")


def _admin():
    users = get_user_model().objects
    admin = users.filter(username="admin").first()
    return admin or users.create_superuser(
        "admin", password="admin", first_name="Marta", last_name="Weiss"
    )


def _post(author, number, title, category, topics, body):
    """Whether the post had to be made."""
    post, is_new = Post.objects.get_or_create(
        slug=slugify(title),
        defaults={
            "title": title,
            "body": body,
            "author": author,
            "category": _named(Category, category),
            "published_at": FIRST + timedelta(days=9 * number),
        },
    )
    if is_new:
        post.topics.set(_named(Topic, name) for name in topics)
    return is_new


def _named(model, name):
    return model.objects.get_or_create(slug=slugify(name), defaults={"name": name})[0]
