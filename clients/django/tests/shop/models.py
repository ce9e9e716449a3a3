"""A site's models, for tests."""

from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import models

from edge_isr.changes import WatchedManager


class Category(models.Model):
    name = models.CharField(max_length=20, unique=True)


class Comment(models.Model):
    text = models.TextField()
    content_type = models.ForeignKey(ContentType, models.CASCADE)
    object_id = models.PositiveBigIntegerField()
    content_object = GenericForeignKey()


class Post(models.Model):
    slug = models.CharField(max_length=20, unique=True)
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
