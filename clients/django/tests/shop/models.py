"""A site's models, for tests."""

from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import models

from edge_isr import dumper
from edge_isr.changes import WatchedManager
from edge_isr.roan import purge


class Category(models.Model):
    name = models.CharField(max_length=20, unique=True)


class Comment(models.Model):
    text = models.TextField()
    content_type = models.ForeignKey(ContentType, models.CASCADE)
    object_id = models.PositiveBigIntegerField()
    content_object = GenericForeignKey()


class Post(models.Model):
    slug = models.CharField(max_length=1500, unique=True)
    title = models.CharField(max_length=20, blank=True)
    views = models.IntegerField(default=0)
    category = models.ForeignKey(Category, models.CASCADE, related_name="posts")
    comments = GenericRelation(Comment)

    objects = models.Manager()
    watched = WatchedManager()


class LongPost(Post):
    text = models.TextField(blank=True)


class Coupon(models.Model):
    """Its keys look like the names of rows in the outbox."""

    code = models.CharField(max_length=20, primary_key=True)


class Topicless(models.Model):
    """A post that is not watched, to compare with."""

    slug = models.CharField(max_length=1500)
    title = models.CharField(max_length=20, blank=True)
    category = models.ForeignKey(Category, models.CASCADE)


class Size(models.Model):
    slug = models.CharField(max_length=200)

    def get_absolute_url(self):
        return "/" + self.slug

    def dependent_paths(self):
        for ice_cream in self.ice_creams.all():
            yield ice_cream.get_absolute_url()
        yield self.get_absolute_url()


class IceCream(models.Model):
    slug = models.CharField(max_length=200)
    sizes = models.ManyToManyField(Size, related_name="ice_creams")

    def get_absolute_url(self):
        return "/" + self.slug

    def dependent_paths(self):
        return [self.get_absolute_url()]


class Broth(models.Model):
    """Says its paths as one text, which is a mistake."""

    def dependent_paths(self):
        return "/broth"


# As the README of django-dumper has it: while models are still being loaded.
dumper.register(IceCream)
dumper.register(Size)
dumper.register(Broth)


class Letter(models.Model):
    title = models.CharField(max_length=100)
    content = models.TextField(blank=True)

    class Meta:
        verbose_name = "post"


class Notice(models.Model):
    """Another model of the same verbose_name."""

    title = models.CharField(max_length=100)

    class Meta:
        verbose_name = "post"


class LongLetter(Letter):
    pass


purge("/posts").on_save(Letter)
purge("/posts").on_delete(Letter)
purge("/posts").on_save(Notice)
purge("/archive?year=2026").on_delete(Notice)
