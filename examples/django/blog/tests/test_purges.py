"""Each change purges the pages that showed it or will show it: once, after the commit."""

import json
import tempfile
from io import StringIO

from django.contrib.auth import authenticate
from django.contrib.auth.models import update_last_login
from django.core.management import call_command
from django.db import connections, transaction

from blog.models import Category, Post, Topic
from edge_isr import purge
from edge_isr.models import PendingPurge
from edge_isr.testing import WithEdge, hang_up, take

from .site import Site

OUTDATED = "django.contrib.auth.hashers.PBKDF2SHA1PasswordHasher"


class Purges(WithEdge):
    def setUp(self):
        super().setUp()
        with transaction.atomic():
            self.site = Site()
        self.post = self.site.post
        self.forget()

    def tags_of(self, path):
        return set(self.client.get(path)["Cache-Tag"].split(","))

    def assertPurged(self, *tags):
        """These, in one request, and nothing is left to send."""
        self.assertEqual(len(self.edge.asked), 1)
        self.assertEqual(set(self.edge.tags), set(tags))
        self.assertWaiting()
        self.edge.asked.clear()

    def own(self, *more):
        """What any change of the first post purges, while it is about rye bread."""
        site = self.site
        lists = (f"category-{site.bread.pk}-posts", f"topic-{site.rye.pk}-posts")
        return {"posts", f"post-{self.post.pk}", *lists, *more}

    def test_a_changed_post_purges_its_page_and_the_lists_that_show_it(self):
        self.post.title = "Changed"
        self.post.save()
        self.assertPurged(*self.own())

    def test_a_changed_post_leaves_the_pages_of_other_posts_alone(self):
        self.site.add("Other", self.site.bread, self.site.rye)
        self.forget()
        self.post.save()
        self.assertFalse(set(self.edge.tags) & self.tags_of("/posts/other/"))

    def test_a_moved_post_purges_both_categories(self):
        self.post.category = self.site.cake
        self.post.save()
        self.assertPurged(*self.own(f"category-{self.site.cake.pk}-posts"))

    def test_a_post_that_moves_twice_in_one_transaction_purges_all_three_categories(self):
        third = Category.objects.create(name="Third", slug="third")
        self.forget()
        with transaction.atomic():
            for category in (self.site.cake, third):
                self.post.category = category
                self.post.save()
        lists = [f"category-{each.pk}-posts" for each in (self.site.cake, third)]
        self.assertPurged(*self.own(*lists))

    def test_a_new_post_purges_the_lists_that_do_not_show_it_yet(self):
        before = {path: self.tags_of(path) for path in ("/", "/categories/cake/")}
        self.site.add("New", self.site.cake)
        for path, tags in before.items():
            self.assertTrue(tags & set(self.edge.asked[0].tags), path)

    def test_a_deleted_post_purges_its_page_and_the_lists_that_showed_it(self):
        tags = self.own()
        self.post.delete()
        self.assertPurged(*tags)

    def test_posts_deleted_by_a_query_are_purged_alike(self):
        tags = self.own()
        Post.objects.filter(category=self.site.bread).delete()
        self.assertPurged(*tags)

    def test_a_topic_added_from_the_post_purges_both_topics(self):
        yeast = self.site.yeast.pk
        self.post.topics.add(self.site.yeast)
        self.assertPurged(*self.own(f"topic-{yeast}", f"topic-{yeast}-posts"))

    def test_a_topic_removed_from_the_post_purges_it(self):
        self.post.topics.remove(self.site.rye)
        self.assertPurged(*self.own(f"topic-{self.site.rye.pk}"))

    def test_topics_replaced_purge_the_old_and_the_new(self):
        rye, yeast = self.site.rye.pk, self.site.yeast.pk
        with transaction.atomic():
            self.post.topics.set([self.site.yeast])
        more = (f"topic-{rye}", f"topic-{yeast}", f"topic-{yeast}-posts")
        self.assertPurged(*self.own(*more))

    def test_topics_cleared_from_the_post_purge_what_they_were(self):
        self.post.topics.clear()
        self.assertPurged(*self.own(f"topic-{self.site.rye.pk}"))

    def test_a_post_added_from_the_topic_is_purged(self):
        yeast = self.site.yeast
        yeast.posts.add(self.post)
        self.assertPurged(*self.own(f"topic-{yeast.pk}", f"topic-{yeast.pk}-posts"))

    def test_a_post_removed_from_the_topic_is_purged(self):
        self.site.rye.posts.remove(self.post)
        self.assertPurged(*self.own(f"topic-{self.site.rye.pk}"))

    def test_posts_cleared_from_the_topic_are_purged(self):
        self.site.rye.posts.clear()
        self.assertPurged(*self.own(f"topic-{self.site.rye.pk}"))

    def test_a_renamed_category_purges_the_pages_that_show_its_name(self):
        self.site.bread.name = "Loaves"
        self.site.bread.save()
        self.assertPurged("categories", f"category-{self.site.bread.pk}")

    def test_a_new_or_deleted_category_purges_the_navigation(self):
        category = Category.objects.create(name="New", slug="new")
        own = f"category-{category.pk}"
        self.assertPurged("categories", own)
        category.delete()
        self.assertPurged("categories", own)

    def test_a_deleted_topic_purges_the_pages_that_show_its_name(self):
        shown = [self.tags_of(path) for path in ("/", "/posts/first/", "/topics/rye/")]
        Topic.objects.get(slug="rye").delete()
        for tags in shown:
            self.assertTrue(tags & set(self.edge.tags))

    def test_a_renamed_author_purges_the_pages_that_show_the_name(self):
        self.site.admin.first_name = "Rosa"
        self.site.admin.save()
        self.assertPurged(f"author-{self.site.admin.pk}")

    def test_a_login_purges_nothing(self):
        """Though it saves its time, and the password anew where its hash is an outdated one."""
        with self.settings(PASSWORD_HASHERS=[OUTDATED]):
            self.site.set_password()
        self.forget()
        self.assertTrue(authenticate(username="admin", password="admin"))
        update_last_login(None, self.site.admin)
        self.assertTrue(self.client.login(username="admin", password="admin"))
        self.assertEqual(self.edge.asked, [])
        self.assertWaiting()

    def test_a_transaction_that_is_rolled_back_purges_nothing(self):
        with self.assertRaises(KeyError), transaction.atomic():
            self.post.save()
            self.post.topics.clear()
            raise KeyError
        self.assertEqual(self.edge.asked, [])
        self.assertWaiting()

    def test_the_change_is_visible_to_others_when_the_edge_is_told(self):
        seen = []

        def look(asked):
            seen.append(Post.objects.get().title)
            connections.close_all()
            return take(asked)

        self.edge.answer = look
        self.post.title = "Changed"
        self.post.save()
        with transaction.atomic():
            self.post.title = "Changed again"
            self.post.save()
        self.assertEqual(seen, ["Changed", "Changed again"])

    def test_an_edge_that_is_down_breaks_no_save_and_loses_no_purge(self):
        self.edge.answer = hang_up
        with self.assertLogs("edge_isr", "WARNING"):
            self.post.title = "Changed"
            self.post.save()
        self.assertEqual(Post.objects.get().title, "Changed")
        self.assertWaiting(*self.own())
        self.edge.answer = take
        self.site.bread.save()
        self.edge.asked[:-1] = []
        self.assertPurged(*self.own("categories", f"category-{self.site.bread.pk}"))

    def test_an_editor_who_saves_in_the_admin_purges_in_one_request(self):
        site = self.site
        self.client.force_login(site.admin)
        form = {
            "title": "Changed",
            "slug": "first",
            "body": "Text.",
            "category": site.cake.pk,
            "author": site.admin.pk,
            "topics": [site.yeast.pk],
            "published_at_0": "2025-01-01",
            "published_at_1": "12:00:00",
        }
        response = self.client.post(f"/admin/blog/post/{self.post.pk}/change/", form)
        self.assertEqual(response.status_code, 302, response.content[:2000])
        lists = [f"category-{site.cake.pk}-posts", f"topic-{site.yeast.pk}-posts"]
        topics = [f"topic-{site.rye.pk}", f"topic-{site.yeast.pk}"]
        self.assertPurged(*self.own(*lists, *topics))

    def test_an_update_by_query_is_purged_by_hand_in_its_transaction(self):
        with transaction.atomic():
            Post.objects.update(title="Changed")
            self.assertEqual(PendingPurge.objects.count(), 0)
            purge("posts")
        self.assertPurged("posts")

    def test_a_fixture_purges_what_it_loads(self):
        fields = {"name": "New", "slug": "new"}
        with tempfile.NamedTemporaryFile("w", suffix=".json") as fixture:
            json.dump([{"model": "blog.category", "pk": 77, "fields": fields}], fixture)
            fixture.flush()
            call_command("loaddata", fixture.name, verbosity=0)
        self.assertTrue(Category.objects.filter(pk=77).exists())
        self.assertPurged("categories", "category-77")


class Seed(WithEdge):
    def seed(self):
        call_command("seed", stdout=StringIO())

    def test_the_site_is_filled_once(self):
        def counts():
            return [model.objects.count() for model in (Post, Category, Topic)]

        self.seed()
        self.assertEqual(counts(), [12, 3, 4])
        Post.objects.filter(pk=Post.objects.first().pk).update(title="Edited")
        self.edge.asked.clear()
        self.seed()
        self.assertEqual(counts(), [12, 3, 4])
        self.assertEqual(Post.objects.filter(title="Edited").count(), 1)
        self.assertEqual(self.edge.asked, [])

    def test_the_admin_can_log_in(self):
        self.seed()
        self.assertTrue(authenticate(username="admin", password="admin").is_superuser)

    def test_all_of_it_is_one_purge(self):
        self.seed()
        self.assertEqual(len(self.edge.asked), 1)
        self.assertWaiting()
