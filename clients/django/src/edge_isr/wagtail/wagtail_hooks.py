"""What a page says to the edge as it is served. Wagtail finds this file by its name."""

from typing import Any

from django.http import HttpRequest
from wagtail import hooks

from ..pages import page_of
from .tags import MENU, tag_of


@hooks.register("before_serve_page")
def say_tags(page: Any, request: HttpRequest, *args: Any) -> None:
    """Notes the tags of the page, and keeps restricted pages private."""
    noted = page_of(request)
    noted.add_tags([MENU, tag_of(page.pk)])
    # The user bar of Wagtail asks who the visitor is. Without a session, it is nobody.
    noted.for_anonymous = True
    if page.get_view_restrictions().exists():
        noted.refusal = "Wagtail restricts who may see it."
