"""The tags of this site: what each page depends on, and what each change purges.

    post-7              the post itself
    posts               any list of posts
    category-3          the category itself: its name
    category-3-posts    which posts are in it, and how a list shows them
    topic-5, topic-5-posts      the same for topics
    author-1            the author's name
    categories          the navigation, on every page

A category and the list of its posts are two tags, because a post's page shows the name of its
category: with one tag for both, each new post would purge the pages of all others.
"""

from django.contrib.auth import get_user_model

from edge_isr import watch

from .models import Category, Post, Topic


def watch_models():
    watch(Post, purged_by_post)
    watch(Category, lambda category: ["categories", f"category-{category.pk}"])
    watch(Topic, lambda topic: [f"topic-{topic.pk}"])
    # A login saves these fields, and no page shows them.
    watch(
        get_user_model(),
        lambda user: [f"author-{user.pk}"],
        ignore=["last_login", "password"],
    )


def purged_by_post(post):
    """The tags of all pages that show a post, on its own or in a list."""
    topics = post.topics.values_list("pk", flat=True)
    return [
        "posts",
        f"post-{post.pk}",
        f"category-{post.category_id}-posts",
        *(f"topic-{pk}-posts" for pk in topics),
    ]


def shown_with(post):
    """The tags of what is shown of other objects wherever a post is shown: their names."""
    return [
        f"category-{post.category_id}",
        f"author-{post.author_id}",
        *(f"topic-{topic.pk}" for topic in post.topics.all()),
    ]
