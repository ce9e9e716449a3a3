"""Changes of many rows at once."""

import threading
from contextlib import nullcontext

from asgiref.sync import async_to_sync, sync_to_async
from django.db import IntegrityError, connection, transaction
from django.db.models import F, Value
from django.db.models.functions import Concat

from edge_isr import watching
from edge_isr.changes import TagsError, querysets
from edge_isr.models import PendingPurge
from edge_isr.testing import WithEdge

from .shop.models import Category, Comment, LongPost, Post


class QuerySets(WithEdge):
    def setUp(self):
        super().setUp()
        with transaction.atomic():
            self.bread = Category.objects.create(name="bread")
            self.cake = Category.objects.create(name="cake")
            self.one = Post.objects.create(slug="one", category=self.bread)
            self.two = Post.objects.create(slug="two", category=self.cake)
        self.forget()

    def assertPurged(self, *tags):
        """These, in one request, and nothing waits."""
        self.assertEqual(len(self.edge.asked), 1)
        self.assertEqual(set(self.edge.tags), set(tags))
        self.assertWaiting()
        self.edge.asked.clear()

    def test_an_update_inside_purges_what_was_and_what_is(self):
        with watching():
            count = Post.objects.filter(category=self.bread).update(category=self.cake)
        self.assertEqual(count, 1)
        self.assertPurged("posts", "post-one", "category-bread", "category-cake")

    def test_an_update_outside_purges_nothing_even_after_one_inside(self):
        with watching():
            Post.objects.update(title="x")
        self.forget()
        Post.objects.update(title="y")
        self.assertEqual(self.edge.asked, [])

    def test_a_manager_that_is_made_for_it_needs_no_context(self):
        Post.watched.filter(slug="one").update(slug="uno")
        self.assertPurged("posts", "post-one", "post-uno", "category-bread")

    def test_an_update_of_what_no_page_shows_purges_nothing(self):
        with watching():
            Post.objects.update(views=F("views") + 1)
        self.assertEqual(self.edge.asked, [])
        self.assertEqual(set(Post.objects.values_list("views", flat=True)), {1})

    def test_an_expression_with_an_annotation_is_carried_out(self):
        with watching():
            longer = Post.objects.annotate(longer=Concat("slug", Value("-2")))
            longer.filter(slug="one").update(slug=F("longer"))
        self.assertPurged("posts", "post-one", "post-one-2", "category-bread")

    def test_an_update_through_a_relation_counts_each_row_once(self):
        for text in ("a", "b"):
            Comment.objects.create(text=text, content_object=self.one)
        self.forget()
        with watching():
            count = Post.objects.filter(comments__text__in=["a", "b"]).update(title="x")
        self.assertEqual(count, 1)
        self.assertPurged("posts", "post-one", "category-bread")

    def test_more_rows_than_a_chunk_are_all_changed_and_purged(self):
        self.addCleanup(setattr, querysets, "_CHUNK", querysets._CHUNK)
        querysets._CHUNK = 2
        with watching():
            Post.objects.bulk_create(Post(slug=f"s{n}", category=self.bread) for n in range(5))
            self.assertPurged("posts", "category-bread", *(f"post-s{n}" for n in range(5)))
            with transaction.atomic():
                self.assertEqual(Post.objects.filter(category=self.bread).update(title="x"), 6)
        tags = {tag for asked in self.edge.asked for tag in asked.tags}
        self.assertEqual(
            tags, {"posts", "category-bread", "post-one"} | {f"post-s{n}" for n in range(5)}
        )

    def test_a_bulk_update_purges_before_and_after(self):
        self.one.category, self.one.title = self.cake, "new"
        with watching():
            Post.objects.bulk_update([self.one], ["category", "title"])
        self.assertPurged("posts", "post-one", "category-bread", "category-cake")

    def test_a_bulk_create_purges_what_it_creates(self):
        with watching():
            created = Post.objects.bulk_create([Post(slug="new", category=self.cake)])
        self.assertEqual(created[0].slug, "new")
        self.assertPurged("posts", "post-new", "category-cake")

    def test_a_bulk_create_that_replaces_rows_purges_what_they_were(self):
        with watching():
            Post.objects.bulk_create(
                [Post(slug="one", category=self.cake)],
                update_conflicts=True,
                unique_fields=["slug"],
                update_fields=["category"],
            )
        self.assertPurged("posts", "post-one", "category-bread", "category-cake")

    def test_a_bulk_create_that_ignores_conflicts_purges_what_it_was_given(self):
        posts = [Post(slug="one", category=self.cake), Post(slug="new", category=self.cake)]
        with watching():
            Post.objects.bulk_create(posts, ignore_conflicts=True)
        self.assertPurged("posts", "post-one", "post-new", "category-cake")

    def test_rows_that_move_by_the_other_side_of_a_foreign_key_are_purged(self):
        with watching():
            self.cake.posts.add(self.one)
        self.assertPurged("posts", "post-one", "category-bread", "category-cake")

    def test_a_delete_of_many_rows_needs_no_context(self):
        Post.objects.filter(slug="one").delete()
        self.assertPurged("posts", "post-one", "category-bread")

    def test_a_child_and_its_parent_are_one_row(self):
        LongPost.objects.create(slug="long", category=self.bread)
        self.forget()
        with watching():
            Post.objects.filter(slug="long").update(title="x")
        self.assertPurged("posts", "post-long", "category-bread", "long-long")
        with watching():
            LongPost.objects.filter(slug="long").update(text="x")
        self.assertPurged("posts", "post-long", "category-bread", "long-long")

    def test_an_update_and_its_purge_are_one_transaction(self):
        with watching(), self.assertRaises(IntegrityError):
            Post.objects.update(slug="the same")
        self.assertEqual(PendingPurge.objects.count(), 0)
        with watching(), self.assertRaises(TagsError):
            Post.objects.filter(slug="one").update(slug="," * 500)
        self.assertTrue(Post.objects.filter(slug="one").exists())
        self.assertEqual(self.edge.asked, [])

    def test_the_rows_are_locked_before_they_are_read(self):
        locks = []

        def note(execute, sql, *rest):
            locks.append(sql.count(" FOR UPDATE"))
            return execute(sql.replace(" FOR UPDATE", ""), *rest)

        if connection.vendor != "sqlite":
            self.skipTest("PostgreSQL locks them for real")
        connection.features.has_select_for_update = True
        self.addCleanup(setattr, connection.features, "has_select_for_update", False)
        with watching(), connection.execute_wrapper(note):
            Post.objects.filter(slug="one").update(title="x")
        self.assertGreaterEqual(sum(locks), 1)

    def test_a_slice_is_refused_by_django_itself(self):
        with watching(), self.assertRaises(TypeError):
            Post.objects.all()[:1].update(title="x")

    def test_the_context_counts_for_its_own_thread(self):
        inside = []

        def look():
            inside.append(querysets._inside.get())

        with watching():
            thread = threading.Thread(target=look)
            thread.start()
            thread.join()
            with watching():
                look()
            look()
        look()
        self.assertEqual(inside, [False, True, True, False])

    def test_the_context_ends_with_an_exception(self):
        with self.assertRaises(ZeroDivisionError), watching():
            _ = 1 / 0
        Post.objects.update(title="x")
        self.assertEqual(self.edge.asked, [])

    def test_asynchronous_code_is_covered_alike(self):
        async def change():
            with watching():
                await Post.objects.filter(slug="one").aupdate(title="x")
            await sync_to_async(nullcontext)()

        async_to_sync(change)()
        self.assertPurged("posts", "post-one", "category-bread")
