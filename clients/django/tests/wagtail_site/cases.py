"""What a Wagtail site says to the edge, and what an editor's work purges."""

from tempfile import TemporaryDirectory

from django.contrib.auth.models import User
from django.db import transaction
from django.test import TestCase, override_settings
from wagtail.contrib.frontend_cache.utils import purge_url_from_cache
from wagtail.images.models import Image
from wagtail.images.tests.utils import get_test_image_file
from wagtail.models import Page, PageViewRestriction, Site

from edge_isr.testing import TOKEN, FakeEdge

from .home.models import Article, Author

DEFAULTS = {"s_maxage": 3600, "stale_while_revalidate": 60}


class Wagtail(TestCase):
    """In a transaction: Wagtail's first pages come from its migrations."""

    def setUp(self):
        self.edge = FakeEdge()
        self.addCleanup(self.edge.close)
        images = TemporaryDirectory()
        self.addCleanup(images.cleanup)
        given = {"URL": self.edge.url, "TOKEN": TOKEN, "RETRY_AFTER": 0, "DEFAULTS": DEFAULTS}
        override = override_settings(EDGE_ISR=given, MEDIA_ROOT=images.name)
        override.enable()
        self.addCleanup(override.disable)
        root = Page.objects.get(depth=1)
        self.home = root.add_child(instance=Article(title="Home", slug="start"))
        Site.objects.update(root_page=self.home)
        self.news = self.home.add_child(instance=Article(title="News", slug="news"))
        self.first = self.news.add_child(instance=Article(title="First", slug="first"))
        self.forget()

    def forget(self):
        from edge_isr.models import PendingPurge

        PendingPurge.objects.all().delete()
        self.edge.asked.clear()

    def purged(self):
        """The values and modes of what waits in the outbox."""
        from edge_isr.models import PendingPurge

        rows = set(PendingPurge.objects.values_list("value", "mode"))
        PendingPurge.objects.all().delete()
        return {value for value, mode in rows}, {mode for value, mode in rows}

    def tags(self, *pages):
        return {f"wagtail-page-{page.pk}" for page in pages}

    def assertPrivate(self, response):
        self.assertIn("private", response["Cache-Control"])
        self.assertNotIn("Cache-Tag", response)


class Served(Wagtail):
    def test_a_page_says_its_tags_and_gets_the_defaults(self):
        response = self.client.get("/news/")
        self.assertIn("s-maxage=3600", response["Cache-Control"])
        self.assertEqual(response["Cache-Tag"], f"wagtail-menu,wagtail-page-{self.news.pk}")
        self.assertNotIn("Cookie", response.get("Vary", ""))

    def test_an_editor_who_sees_the_user_bar_gets_a_page_of_their_own(self):
        self.client.force_login(User.objects.create_superuser("editor"))
        response = self.client.get("/news/")
        self.assertContains(response, "wagtail-userbar")
        self.assertPrivate(response)

    def test_a_visitor_with_cookies_of_analytics_gets_the_page_of_all(self):
        self.client.cookies["_ga"] = "1"
        self.assertIn("s-maxage=3600", self.client.get("/news/")["Cache-Control"])

    def test_a_visitor_with_a_session_gets_a_page_of_their_own(self):
        self.client.cookies["sessionid"] = "1"
        self.assertPrivate(self.client.get("/news/"))

    def test_a_restricted_page_is_private_for_all(self):
        PageViewRestriction.objects.create(page=self.news, restriction_type="login")
        for path in ("/news/", "/news/first/"):
            self.assertPrivate(self.client.get(path))
        self.client.force_login(User.objects.create_superuser("editor"))
        for path in ("/news/", "/news/first/"):
            response = self.client.get(path)
            self.assertEqual(response.status_code, 200)
            self.assertPrivate(response)

    def test_a_page_that_is_not_there_and_the_admin_are_private(self):
        for path in ("/none/", "/cms/login/"):
            self.assertPrivate(self.client.get(path))

    def test_a_preview_is_private(self):
        self.client.force_login(User.objects.create_superuser("editor"))
        self.assertPrivate(self.client.get(f"/cms/pages/{self.news.pk}/view_draft/"))


class Changed(Wagtail):
    def publish(self, page, **fields):
        for name, value in fields.items():
            setattr(page, name, value)
        page.save_revision().publish()

    def test_a_publication_purges_the_page_and_those_that_list_it(self):
        self.publish(self.first, title="Changed")
        values, modes = self.purged()
        self.assertLessEqual(self.tags(self.first, self.news, self.home), values)
        self.assertNotIn("wagtail-menu", values)
        self.assertEqual(modes, {"soft"})

    def test_a_draft_purges_nothing(self):
        self.first.title = "Draft"
        self.first.save_revision()
        self.assertEqual(self.purged()[0], set())

    def test_a_page_in_the_menu_purges_all_pages(self):
        self.publish(self.first, show_in_menus=True)
        self.assertIn("wagtail-menu", self.purged()[0])

    def test_an_unpublished_page_is_purged(self):
        self.first.unpublish()
        self.assertLessEqual(self.tags(self.first, self.news), self.purged()[0])

    def test_a_deleted_page_is_purged(self):
        tags = self.tags(self.first, self.news)
        self.first.delete()
        self.assertLessEqual(tags, self.purged()[0])

    def test_a_move_purges_both_places_and_all_below(self):
        other = self.home.add_child(instance=Article(title="Other", slug="other"))
        self.forget()
        self.news.move(other, pos="last-child")
        values, _ = self.purged()
        self.assertLessEqual(self.tags(self.news, self.first, self.home, other), values)

    def test_a_new_slug_purges_all_below(self):
        self.publish(self.news, slug="latest")
        self.assertLessEqual(self.tags(self.news, self.first), self.purged()[0])

    def test_an_image_purges_the_pages_that_show_it(self):
        image = Image.objects.create(title="x", file=get_test_image_file())
        author = Author.objects.create(name="Ann", portrait=image)
        self.publish(self.first, image=image)
        self.publish(self.news, author=author)
        self.forget()
        image.title = "y"
        image.save()
        # The news show it by their author.
        self.assertLessEqual(self.tags(self.first, self.news), self.purged()[0])
        author.name = "Bea"
        author.save()
        self.assertLessEqual(self.tags(self.news), self.purged()[0])

    def test_a_link_in_a_text_counts(self):
        body = f'<p><a linktype="page" id="{self.first.pk}">first</a></p>'
        other = self.home.add_child(instance=Article(title="Other", slug="other", body=body))
        self.forget()
        self.publish(self.first, title="Changed")
        self.assertLessEqual(self.tags(other), self.purged()[0])

    def test_a_restriction_takes_its_pages_out_at_once(self):
        PageViewRestriction.objects.create(page=self.news, restriction_type="login")
        values, modes = self.purged()
        self.assertLessEqual(self.tags(self.news, self.first), values)
        self.assertEqual(modes, {"hard"})


class Backend(Wagtail):
    def test_urls_are_purged_by_the_outbox(self):
        purge_url_from_cache("http://testserver/news/")
        self.assertIn("http://testserver/news/", self.purged()[0])

    def test_what_is_no_url_breaks_nothing(self):
        with self.assertLogs("edge_isr", "ERROR"):
            purge_url_from_cache("news")

    def test_a_rollback_purges_nothing(self):
        with self.assertRaises(ZeroDivisionError), transaction.atomic():
            purge_url_from_cache("http://testserver/news/")
            _ = 1 / 0
        self.assertEqual(self.purged()[0], set())
