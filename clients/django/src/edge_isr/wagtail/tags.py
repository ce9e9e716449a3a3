"""Which tags a change in Wagtail has."""

from collections.abc import Iterable
from typing import Any

from django.contrib.contenttypes.models import ContentType
from wagtail.models import Page, ReferenceIndex

MENU = "wagtail-menu"
"""Of every page: each may show the menu."""

_DEPTH_MOST = 3
"""How far references are followed: a page shows a snippet that shows an image."""


def tag_of(pk: Any) -> str:
    """The tag of the page with this key."""
    return f"wagtail-page-{pk}"


def tags_of_page(page: Any) -> list[str]:
    """The tags of the pages that show this one: itself, its ancestors, those that refer to it."""
    shown_on = [page.pk, *page.get_ancestors().values_list("pk", flat=True)]
    menu = [MENU] if page.show_in_menus else []
    return [*menu, *map(tag_of, shown_on), *tags_of_referrers(page)]


def tags_of_tree(page: Any) -> list[str]:
    """The tags of a page and of all below it, whose URLs change with its own."""
    below = page.get_descendants(inclusive=True).values_list("pk", flat=True)
    return [MENU, *tags_of_page(page), *map(tag_of, below)]


def tags_of_referrers(item: Any) -> list[str]:
    """The tags of the pages that refer to an image, a document, a snippet or a page."""
    page_type = ContentType.objects.get_for_model(Page)
    pages: dict[str, None] = {}
    items, seen = [item], set()
    for _ in range(_DEPTH_MOST):
        further = []
        for each in items:
            for reference in ReferenceIndex.get_references_to(each).select_related("content_type"):
                name = (reference.base_content_type_id, reference.object_id)
                if name in seen:
                    continue
                seen.add(name)
                if reference.base_content_type_id == page_type.pk:
                    pages[reference.object_id] = None
                else:
                    further.append(reference)
        items = list(_objects(further))
    return [tag_of(pk) for pk in pages]


def _objects(references: Iterable[Any]) -> Iterable[Any]:
    for reference in references:
        model = reference.content_type.model_class()
        found = model and model._base_manager.filter(pk=reference.object_id).first()
        if found:
            yield found
