"""The pages. Each shows the posts that it is about, and a number that no other rendering has."""

import itertools

from django.conf import settings
from django.http import Http404, HttpResponse
from django.urls import path
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt

from shop.models import Category, Post, Topic

renderings = itertools.count(1)


def page(posts):
    titles = ", ".join(posts.order_by("pk").values_list("title", flat=True))
    return HttpResponse(f"{titles} (rendering {next(renderings)})")


def post_list(request):
    return page(Post.objects.all())


def post_detail(request, post_id):
    posts = Post.objects.filter(pk=post_id)
    if not posts:
        raise Http404
    if settings.FOUR == "isr":
        request.edge_isr.add_tags([tag("category", posts[0].category_id)])
    return page(posts)


def category(request, pk):
    return page(Post.objects.filter(category=pk))


def topic(request, pk):
    return page(Post.objects.filter(topics=pk))


def account(request):
    return HttpResponse(f"session {request.session.get('name')}")


@csrf_exempt
def change(request):
    """Carries out what the test says, as a view of the site would."""
    exec(request.body.decode(), {"Category": Category, "Post": Post, "Topic": Topic, **extras})
    return HttpResponse(status=204)


extras = {}
if settings.FOUR == "isr":
    from edge_isr import isr, tag, watching

    extras = {"watching": watching}
    post_detail = isr(tags=lambda req, post_id: [tag("post", post_id)], s_maxage=300, swr=3600)(
        post_detail
    )
if settings.FOUR == "custom":
    from edge_isr.custom_cache_page import cache_page, invalidate_tag, versioned

    extras = {"invalidate_tag": invalidate_tag}
    post_list = cache_page(
        timeout=3600,
        key_func=lambda r: r.path,
        tags=["posts", lambda r: f"page-{r.GET.get('page', '1')}"],
        only_if=lambda r: r.user.is_anonymous,
    )(post_list)
    category = cache_page(timeout=3600, key_func=lambda r: r.path, tags=[versioned("posts")])(
        category
    )
    account = cache_page(timeout=3600, key_func=lambda r: f"{r.path}:{r.session.get('name')}")(
        account
    )
if settings.FOUR == "roan":
    # roan purges, and leaves it to the site to say how long a page is kept.
    post_list = cache_control(public=True, max_age=3600)(post_list)

urlpatterns = [
    path("posts/", post_list),
    path("posts/<int:post_id>/", post_detail),
    path("categories/<int:pk>/", category),
    path("topics/<int:pk>/", topic),
    path("account/", account),
    path("admin/anything/", post_list),
    path("change/", change),
]
