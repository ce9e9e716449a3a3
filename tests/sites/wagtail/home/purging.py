"""What an editor does in the admin is purged at the edge."""

from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from wagtail.models import PageViewRestriction
from wagtail.signals import page_published, page_unpublished, post_page_move

from edge_isr import purge


@receiver([page_published, page_unpublished])
def changed(instance, **kwargs):
    purge("menu", f"page-{instance.pk}", f"page-{instance.get_parent().pk}")


@receiver(post_page_move)
def moved(**kwargs):
    purge("pages")


@receiver([post_save, post_delete], sender=PageViewRestriction)
def restricted(**kwargs):
    # Not to be shown once more while the new one is fetched.
    purge("pages", mode="hard")
