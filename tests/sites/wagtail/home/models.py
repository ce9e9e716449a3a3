from django.db import models
from django.utils.decorators import method_decorator
from wagtail.admin.panels import FieldPanel
from wagtail.models import Page

from edge_isr import add_tags, edge_cache


class BreadPage(Page):
    """A page of the tree, with a menu of the whole first level and a list of its own children."""

    text = models.TextField(blank=True)
    greets = models.BooleanField(default=False)

    content_panels = [*Page.content_panels, FieldPanel("text"), FieldPanel("greets")]

    @method_decorator(
        edge_cache(tags=["pages", "menu"], s_maxage=3600, stale_while_revalidate=86400)
    )
    def serve(self, request, *args, **kwargs):
        add_tags(request, f"page-{self.pk}")
        return super().serve(request, *args, **kwargs)
