from django.apps import AppConfig


class ShopConfig(AppConfig):
    name = "tests.shop"
    label = "shop"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        from edge_isr import watch

        from .models import Comment, Coupon, LongPost, Post

        watch(Post, tags_of_post, ignore=["views"])
        watch(LongPost, lambda post: [f"long-{post.slug}"])
        watch(Comment, lambda comment: [f"post-{comment.content_object.slug}"])
        watch(Coupon, lambda coupon: [f"coupon-{coupon.pk}"])


def tags_of_post(post):
    return ["posts", f"post-{post.slug}", f"category-{post.category.name}"]
