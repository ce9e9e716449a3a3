"""Which changes in Wagtail purge pages."""

from typing import Any

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db.models.signals import post_save, pre_delete, pre_save
from wagtail.models import Page, PageViewRestriction
from wagtail.signals import post_page_move

from ..changes import watch
from ..changes.rows import kin_of
from ..outbox import purge
from .tags import tags_of_page, tags_of_referrers, tags_of_tree

# What saving a draft, or locking a page, changes: no visitor sees it.
_OF_DRAFTS = (
    "alias_of",
    "draft_title",
    "expire_at",
    "go_live_at",
    "has_unpublished_changes",
    "latest_revision",
    "latest_revision_created_at",
    "live_revision",
    "locked",
    "locked_at",
    "locked_by",
    "search_description",
)


def watch_wagtail() -> None:
    """Called once, when the apps are ready."""
    watch(Page, tags_of_page, ignore=_OF_DRAFTS)
    for model in _shared_models():
        watch(model, tags_of_referrers)
    for kind in kin_of(Page):
        pre_save.connect(_saving, sender=kind, weak=False)
    post_page_move.connect(_moved, weak=False)
    for signal in (post_save, pre_delete):
        signal.connect(_restricted, sender=PageViewRestriction, weak=False)


def _shared_models() -> list[Any]:
    """Images, documents and snippets: what pages refer to."""
    models: list[Any] = []
    if apps.is_installed("wagtail.images"):
        from wagtail.images import get_image_model

        models.append(get_image_model())
    if apps.is_installed("wagtail.documents"):
        from wagtail.documents import get_document_model

        models.append(get_document_model())
    if apps.is_installed("wagtail.snippets"):
        from wagtail.snippets import models as snippets

        if getattr(snippets, "DEFER_REGISTRATION", False):
            raise ImproperlyConfigured(
                'Put "edge_isr.wagtail" behind "wagtail.snippets" in INSTALLED_APPS: the snippets '
                "are not known yet."
            )
        models += snippets.get_snippet_models()
    return models


def _saving(instance: Any, raw: bool, using: str, **_: Any) -> None:
    """A new slug changes the URLs of all pages below, in the same transaction."""
    if raw or instance.pk is None:
        return
    slugs = Page.objects.using(using).filter(pk=instance.pk).values_list("slug", flat=True)
    if slugs.first() not in (None, instance.slug):
        purge(*tags_of_tree(instance), using=using)


def _moved(instance: Any, parent_page_before: Any, parent_page_after: Any, **_: Any) -> None:
    places = (parent_page_before, parent_page_after)
    purge(*tags_of_tree(instance), *(tag for each in places for tag in tags_of_page(each)))


def _restricted(instance: Any, **_: Any) -> None:
    # Not to be shown once more while the edge asks.
    purge(*tags_of_tree(instance.page), mode="hard")
