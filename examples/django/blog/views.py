"""The public pages. They are the same for everyone: none reads the session or the user."""

from hashlib import sha256

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.http import require_safe

from edge_isr import add_tags, edge_cache

from .dependencies import shown_with
from .models import Category, Post, Topic

# A purge tells of every change, so time is only the second line: it covers what no signal reports.
TIMES = {
    "s_maxage": 60 * 60,
    "stale_while_revalidate": 24 * 60 * 60,
    "stale_if_error": 7 * 24 * 60 * 60,
}

# In the templates, where the time of rendering goes. A post cannot hold it: "<" is escaped there.
RENDERED_AT = "<!-- rendered at -->"


@require_safe
@edge_cache(tags=["posts", "categories"], **TIMES)
def post_list(request):
    posts = _with_names(Post.objects.all())[:20]
    return _list_page(request, "All posts", posts)


@require_safe
@edge_cache(tags=["categories"], **TIMES)
def post_detail(request, slug):
    post = get_object_or_404(_with_names(Post.objects), slug=slug)
    add_tags(request, f"post-{post.pk}", *shown_with(post))
    return _page(request, "blog/post_detail.html", {"post": post})


@require_safe
@edge_cache(tags=["categories"], **TIMES)
def category(request, slug):
    category = get_object_or_404(Category, slug=slug)
    add_tags(request, f"category-{category.pk}", f"category-{category.pk}-posts")
    return _list_page(request, category.name, _with_names(category.posts))


@require_safe
@edge_cache(tags=["categories"], **TIMES)
def topic(request, slug):
    topic = get_object_or_404(Topic, slug=slug)
    add_tags(request, f"topic-{topic.pk}", f"topic-{topic.pk}-posts")
    return _list_page(request, f"On {topic.name.lower()}", _with_names(topic.posts))


def _with_names(posts):
    return posts.select_related("category", "author").prefetch_related("topics")


def _list_page(request, heading, posts):
    for post in posts:
        add_tags(request, *shown_with(post))
    return _page(request, "blog/post_list.html", {"heading": heading, "posts": posts})


def _page(request, template, context):
    """Renders a page that says when it was rendered, under an ETag that does not.

    The ETag is weak: pages under the same one mean the same, and differ in that time. It is made of
    all the rest of the page, so no change can be forgotten in it, as in one made of updated_at.
    """
    context = {**context, "categories": Category.objects.all()}
    html = render_to_string(template, context, request)
    now = timezone.now().strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    response = HttpResponse(html.replace(RENDERED_AT, f"{now} UTC"))
    response.headers["ETag"] = f'W/"{sha256(html.encode()).hexdigest()[:32]}"'
    return response
