"""Posts in categories with topics, and what each package is told of them."""

from django.conf import settings
from django.db import models
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver


class Category(models.Model):
    name = models.CharField(max_length=50)

    def dependent_paths(self):
        yield f"/categories/{self.pk}/"


class Topic(models.Model):
    name = models.CharField(max_length=50)

    def dependent_paths(self):
        yield f"/topics/{self.pk}/"
        for post in self.posts.all():
            yield f"/posts/{post.pk}/"


class Post(models.Model):
    title = models.CharField(max_length=50)
    category = models.ForeignKey(Category, models.CASCADE)
    topics = models.ManyToManyField(Topic, related_name="posts")

    def dependent_paths(self):
        paths = ["/posts/", f"/posts/{self.pk}/", f"/categories/{self.category_id}/"]
        return paths + [f"/topics/{topic.pk}/" for topic in self.topics.all()]


if settings.FOUR == "isr":
    from edge_isr import revalidate_by_tags, tag

    @receiver([post_save, post_delete], sender=Post)
    def _post_changed(sender, instance, **kw):
        revalidate_by_tags([tag("post", instance.pk), tag("category", instance.category_id)])


if settings.FOUR == "dumper":
    from edge_isr import dumper

    for model in (Category, Topic, Post):
        dumper.register(model)

if settings.FOUR == "roan":
    from edge_isr.roan import purge

    purge("/posts/").on_save(Post)
    purge("/posts/").on_delete(Post)
