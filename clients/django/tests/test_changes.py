"""Models of every shape that watch() promises to see. A plain site is tested in `blog`."""

from unittest import mock, skipIf

from django.db import IntegrityError, connection, models, transaction
from django.db.models import F
from django.test.utils import isolate_apps

from edge_isr.changes import TagsError, watch
from edge_isr.models import PendingPurge
from edge_isr.testing import WithEdge

with isolate_apps("edge_isr"):

    class Page(models.Model):
        name = models.CharField(max_length=20, unique=True)
        visits = models.IntegerField(default=0)
        related = models.ManyToManyField("self")
        follows = models.ManyToManyField("self", symmetrical=False, related_name="followers")

        class Meta:
            app_label = "edge_isr"

    class ProxyPage(Page):
        class Meta:
            app_label = "edge_isr"
            proxy = True

    class LongPage(Page):
        text = models.TextField()

        class Meta:
            app_label = "edge_isr"

    class Shelf(models.Model):
        """Points at pages, which do not know it."""

        pages = models.ManyToManyField(Page, related_name="+", through="Place")

        class Meta:
            app_label = "edge_isr"

    class Place(models.Model):
        page = models.ForeignKey(Page, models.CASCADE)
        shelf = models.ForeignKey(Shelf, models.CASCADE)
        height = models.IntegerField(default=0)

        class Meta:
            app_label = "edge_isr"

    class Note(models.Model):
        """Not every note is shown."""

        text = models.CharField(max_length=20)
        page = models.ForeignKey(Page, models.CASCADE, null=True)

        class Meta:
            app_label = "edge_isr"


MODELS = [Page, LongPage, Shelf, Place, Note]


def tags_of_page(page):
    if page.name == "broken":
        raise LookupError("these tags cannot be told")
    return [page.name, f"visits-{page.visits}"]


def tags_of_note(note):
    return [note.page.name] if note.page else []


watch(Page, tags_of_page, ignore=["visits"])
watch(Note, tags_of_note)


class Watching(WithEdge):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with connection.schema_editor() as editor:
            for model in MODELS:
                editor.create_model(model)

    @classmethod
    def tearDownClass(cls):
        with connection.schema_editor() as editor:
            for model in reversed(MODELS):
                editor.delete_model(model)
        super().tearDownClass()

    def setUp(self):
        super().setUp()
        self.one, self.two = (Page.objects.create(name=name) for name in ("one", "two"))
        self.forget()

    def tearDown(self):
        for model in reversed(MODELS):
            model.objects.all().delete()

    def assertPurged(self, *names):
        """In one request, leaving aside how often a page was visited."""
        self.assertEqual(len(self.edge.asked), 1)
        tags = {tag for tag in self.edge.tags if not tag.startswith("visits")}
        self.assertEqual(tags, set(names))
        self.edge.asked.clear()

    def test_a_rename_purges_both_names(self):
        self.one.name = "uno"
        self.one.save()
        self.assertPurged("one", "uno")

    def test_an_expression_is_read_back(self):
        self.one.visits = F("visits") + 1
        self.one.save()
        self.assertEqual(self.edge.tags, ["one", "visits-0", "visits-1"])

    def test_a_field_that_is_not_saved_does_not_count(self):
        self.one.name, self.one.visits = "uno", 5
        self.one.save(update_fields=["name"])
        self.assertEqual(self.edge.tags, ["one", "uno", "visits-0"])

    def test_an_ignored_field_purges_nothing_on_its_own(self):
        self.one.visits = 7
        self.one.save(update_fields=["visits"])
        self.assertEqual(self.edge.asked, [])
        self.one.save(update_fields=["visits", "name"])
        self.assertPurged("one")

    def test_an_instance_that_shows_nowhere_purges_nothing(self):
        note = Note.objects.create(text="hidden")
        self.assertEqual(self.edge.asked, [])
        note.page = self.one
        note.save()
        self.assertPurged("one")

    def test_a_proxy_is_its_model(self):
        ProxyPage.objects.get(name="one").save()
        self.assertPurged("one")
        ProxyPage.objects.get(name="one").delete()
        self.assertPurged("one")

    def test_a_child_is_its_parent(self):
        long = LongPage.objects.create(name="long", text="x")
        self.assertPurged("long")
        long.text = "y"
        long.save()
        self.assertPurged("long")
        long.related.add(self.one)
        self.assertPurged("long", "one")
        long.delete()
        self.assertPurged("long")

    def test_a_cascade_purges_what_it_deletes(self):
        Note.objects.create(text="x", page=self.one)
        self.forget()
        Page.objects.filter(name="one").delete()
        self.assertPurged("one")

    def test_a_symmetrical_relation_purges_both_sides(self):
        for change in (
            lambda: self.one.related.add(self.two),
            lambda: self.one.related.remove(self.two),
            lambda: self.two.related.set([self.one]),
            lambda: self.one.related.clear(),
        ):
            change()
            self.assertPurged("one", "two")

    def test_a_relation_to_the_same_model_purges_both_sides_in_each_direction(self):
        for change in (
            lambda: self.one.follows.add(self.two),
            lambda: self.one.follows.clear(),
            lambda: self.one.followers.add(self.two),
            lambda: self.one.followers.clear(),
        ):
            change()
            self.assertPurged("one", "two")

    def test_a_hidden_relation_with_its_own_table_is_seen(self):
        shelf = Shelf.objects.create()
        shelf.pages.add(self.one, self.two, through_defaults={"height": 2})
        self.assertPurged("one", "two")
        shelf.pages.clear()
        self.assertPurged("one", "two")

    def test_a_save_and_its_purge_are_one_transaction_even_outside_of_any(self):
        self.one.name = "broken"
        with self.assertRaises(TagsError):
            self.one.save()
        self.one.refresh_from_db()
        self.assertEqual(self.one.name, "one")
        self.assertWaiting()

    @skipIf(connection.vendor != "sqlite", "other databases lock rows for real")
    def test_the_row_is_locked_before_it_is_read(self):
        locks = []

        def note_and_strip(execute, sql, *rest):
            # SQLite, which locks the whole database, does not know the words.
            locks.append(sql.count(" FOR UPDATE"))
            return execute(sql.replace(" FOR UPDATE", ""), *rest)

        can_lock = mock.patch.object(connection.features, "has_select_for_update", True)
        for change, count in (
            (lambda: self.one.save(), 2),
            (lambda: self.one.follows.add(self.two), 4),
            (lambda: self.one.delete(), 1),
        ):
            locks.clear()
            with can_lock, connection.execute_wrapper(note_and_strip):
                change()
            self.assertEqual(sum(locks), count)

    def test_a_save_that_fails_purges_nothing(self):
        with transaction.atomic(), self.assertRaises(IntegrityError), transaction.atomic():
            Page.objects.create(name="one")
        self.assertEqual(self.edge.asked, [])
        self.assertEqual(PendingPurge.objects.count(), 0)

    def test_a_save_that_fails_leaves_the_transaction_around_it_usable(self):
        with transaction.atomic():
            self.one.name = "broken"
            with self.assertRaises(TagsError):
                self.one.save()
            self.two.save()
        self.assertPurged("two")
