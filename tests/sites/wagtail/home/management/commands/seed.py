from django.contrib.auth.models import User
from django.core.management.base import BaseCommand
from wagtail.models import Page, PageViewRestriction, Site

from home.models import BreadPage

TREE = {
    "breads": (
        "Breads",
        "What is baked here",
        {"rye": "Rye bread", "wheat": "Wheat bread", "spelt": "Spelt bread"},
    ),
    "visit": ("Visit us", "Every day but Sunday", {}),
    "reserve": ("Reserve", "A recipe that is public until it is not", {}),
    "greeting": ("Greeting", "A page that greets", {}),
    "members": ("Members", "What only members read", {"recipes": "The secret recipes"}),
    "supper": ("Supper club", "What has a password of its own", {}),
}


class Command(BaseCommand):
    help = "A page tree, an editor, and two members."

    def handle(self, **options):
        bakery = BreadPage(title="The bakery", slug="bakery", text="Welcome")
        home = Page.get_first_root_node().add_child(instance=bakery)
        Site.objects.update(root_page=home)
        for slug, (title, text, children) in TREE.items():
            greets = slug in ("greeting", "members")
            page = BreadPage(title=title, slug=slug, text=text, greets=greets)
            page = home.add_child(instance=page)
            for child, name in children.items():
                page.add_child(instance=BreadPage(title=name, slug=child, text=f"All about {name}"))
        restrict = PageViewRestriction.objects.create
        members, supper = (Page.objects.get(slug=slug) for slug in ("members", "supper"))
        restrict(page=members, restriction_type=PageViewRestriction.LOGIN)
        restrict(page=supper, restriction_type=PageViewRestriction.PASSWORD, password="soup")
        User.objects.create_superuser("Editor", password="password-of-Editor")
        for name in ("Alice", "Bob"):
            User.objects.create_user(name, password=f"password-of-{name}")
