"""Rows of every kind: fixtures, generic relations, children, keys of their own."""

import json
import tempfile
from io import StringIO

from asgiref.sync import async_to_sync
from django.core.management import call_command
from django.db import transaction

from edge_isr import apurge, watch
from edge_isr.changes import TagsError, tags_of_row
from edge_isr.changes.rows import _Watched
from edge_isr.models import PendingPurge
from edge_isr.testing import WithEdge, hang_up, take

from .shop.models import Category, Comment, Coupon, LongPost, Post


class Rows(WithEdge):
    def setUp(self):
        super().setUp()
        with transaction.atomic():
            self.bread = Category.objects.create(name="bread")
            self.one = Post.objects.create(slug="one", category=self.bread)
        self.forget()

    def load(self, *rows):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(rows, file)
            file.flush()
            call_command("loaddata", file.name, verbosity=0)

    def purged(self):
        return {tag for asked in self.edge.asked for tag in asked.tags}

    def test_a_fixture_purges_rows_as_they_were_and_as_they_are(self):
        self.load(
            # The post comes first: its category is not there yet when it is saved.
            {"model": "shop.post", "pk": self.one.pk, "fields": {"slug": "uno", "category": 77}},
            {"model": "shop.category", "pk": 77, "fields": {"name": "new"}},
        )
        wanted = {"posts", "post-one", "category-bread", "post-uno", "category-new"}
        self.assertEqual(self.purged(), wanted)
        self.assertWaiting()

    def test_a_fixture_loses_no_purge_to_an_edge_that_is_down(self):
        self.edge.answer = hang_up
        with self.assertLogs("edge_isr", "WARNING"):
            self.load({"model": "shop.coupon", "pk": "a:b", "fields": {}})
        self.assertWaiting("shop.coupon:a:b")
        self.edge.answer = take
        call_command("edge_isr_send", stdout=StringIO())
        self.assertEqual(self.edge.tags, ["coupon-a:b"])
        self.assertWaiting()

    def test_a_row_of_the_outbox_whose_tags_cannot_be_read_stops_nothing_else(self):
        broken = PendingPurge.objects.create(kind="row", value="shop.unknown:1")
        with self.assertLogs("edge_isr", "ERROR") as log:
            self.one.save()
        self.assertIn("shop.unknown is not watched", log.output[0])
        self.assertEqual(self.purged(), {"posts", "post-one", "category-bread"})
        self.assertEqual(list(PendingPurge.objects.all()), [broken])

    def test_a_row_that_is_gone_when_it_is_sent_is_dropped(self):
        PendingPurge.objects.create(kind="row", value="shop.post:999")
        self.one.save()
        self.assertWaiting()

    def test_a_row_is_named_by_its_model_and_its_key(self):
        Coupon.objects.create(code="a:b")
        self.assertEqual(tags_of_row("shop.coupon:a:b", "default"), ["coupon-a:b"])

    def test_a_generic_relation_purges_the_page_that_shows_it(self):
        comment = Comment.objects.create(text="x", content_object=self.one)
        self.assertEqual(self.edge.tags, ["post-one"])
        self.edge.asked.clear()
        comment.delete()
        self.assertEqual(self.edge.tags, ["post-one"])

    def test_a_cascade_through_a_generic_relation_purges(self):
        Comment.objects.create(text="x", content_object=self.one)
        self.forget()
        self.bread.delete()
        self.assertEqual(self.purged(), {"posts", "post-one", "category-bread"})

    def test_a_child_purges_as_itself_and_as_its_parent(self):
        long = LongPost.objects.create(slug="long", category=self.bread)
        self.forget()
        Post.objects.get(pk=long.pk).save()
        self.assertEqual(self.purged(), {"posts", "post-long", "category-bread", "long-long"})
        self.forget()
        long.save()
        self.assertEqual(self.purged(), {"posts", "post-long", "category-bread", "long-long"})

    def test_asynchronous_code_purges(self):
        async def change():
            await self.one.asave()
            await apurge("more", urls=["/posts/"])

        async_to_sync(change)()
        self.assertEqual(self.purged(), {"posts", "post-one", "category-bread", "more"})
        self.assertEqual(self.edge.asked[-1].body["urls"], [f"{self.edge.url}/posts/"])


class TagsFunctions(WithEdge):
    def error_of(self, tags):
        watched = _Watched(Post, tags, frozenset())
        with self.assertRaises(TagsError) as caught:
            watched.tags_of_instance(Post(pk=7, slug="x"))
        self.assertIsNotNone(caught.exception.__cause__)
        return str(caught.exception)

    def test_what_it_returns_is_named_if_it_is_wrong(self):
        table = {
            "not one str": lambda post: "post",
            "not None": lambda post: None,
            "a tag is a str, not int": lambda post: [post.pk],
            "at most 1024": lambda post: ["x" * 1025],
            "cannot be empty": lambda post: [""],
            "ZeroDivisionError": lambda post: 1 / 0,
        }
        for complaint, tags in table.items():
            with self.subTest(complaint):
                message = self.error_of(tags)
                self.assertIn(complaint, message)
                self.assertIn("watch(shop.Post)", message)
                self.assertIn("for the row 7", message)

    def test_a_function_is_needed(self):
        with self.assertRaisesMessage(TypeError, "a function"):
            watch(Post, ["posts"])
