"""A small blog for tests."""

from django.contrib.auth import get_user_model

from blog.models import Category, Post, Topic


class Site:
    def __init__(self):
        users = get_user_model().objects
        # No password: hashing one takes a third of a second.
        self.admin = users.create_superuser("admin", first_name="Marta")
        self.bread, self.cake = (
            Category.objects.create(name=name, slug=name.lower()) for name in ("Bread", "Cake")
        )
        self.rye, self.yeast = (
            Topic.objects.create(name=name, slug=name.lower()) for name in ("Rye", "Yeast")
        )
        self.post = self.add("First", self.bread, self.rye)

    def set_password(self):
        self.admin.set_password("admin")
        self.admin.save()

    def add(self, title, category, *topics):
        post = Post.objects.create(
            title=title, slug=title.lower(), body="Text.", category=category, author=self.admin
        )
        post.topics.set(topics)
        return post
