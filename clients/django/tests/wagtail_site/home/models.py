from django.db import models
from wagtail.fields import RichTextField
from wagtail.models import Page
from wagtail.snippets.models import register_snippet


@register_snippet
class Author(models.Model):
    name = models.CharField(max_length=50)
    portrait = models.ForeignKey(
        "wagtailimages.Image", models.SET_NULL, null=True, blank=True, related_name="+"
    )

    panels = ["name", "portrait"]


class Article(Page):
    body = RichTextField(blank=True)
    image = models.ForeignKey(
        "wagtailimages.Image", models.SET_NULL, null=True, blank=True, related_name="+"
    )
    author = models.ForeignKey(Author, models.SET_NULL, null=True, blank=True, related_name="+")

    content_panels = [*Page.content_panels, "body", "image", "author"]

    # With the user bar, as the templates of `wagtail start` have it.
    template = "home/page.html"
