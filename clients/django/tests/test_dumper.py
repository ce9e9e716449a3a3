"""What a site of django-dumper finds here: its README, and the tests that it had."""

from django.contrib.auth import get_user_model
from django.db import transaction
from django.http import Http404, HttpResponse
from django.test import RequestFactory, SimpleTestCase, override_settings

from edge_isr import dumper
from edge_isr.changes import TagsError
from edge_isr.dumper.middleware import CacheMiddleware, check_settings
from edge_isr.dumper.paths import tag_of_path, tag_of_request_path
from edge_isr.testing import WithEdge

from .shop.models import Broth, Category, IceCream, Size

FOR_EVER = "public, max-age=0, s-maxage=31536000, stale-while-revalidate=0, stale-if-error=0"


def text(request):
    return HttpResponse("text")


class Pages(SimpleTestCase):
    def ask(self, path="/vanilla", view=text, method="get", headers=None):
        request = getattr(RequestFactory(), method)(path, headers=headers)
        return CacheMiddleware(view)(request)

    def assertPrivate(self, response):
        self.assertEqual(response["Cache-Control"], "private, no-store")
        self.assertNotIn("Cache-Tag", response)

    def test_every_page_is_kept_for_ever_and_not_in_browsers(self):
        for method in ("get", "head"):
            response = self.ask(method=method)
            self.assertEqual(response["Cache-Control"], FOR_EVER)
            self.assertEqual(response["Cache-Tag"], "dumper.cached_path./vanilla")

    def test_the_edge_may_show_the_old_page_where_a_window_is_set(self):
        with override_settings(EDGE_ISR={"DEFAULTS": {"stale_while_revalidate": 60}}):
            self.assertIn("stale-while-revalidate=60", self.ask()["Cache-Control"])

    def test_the_admin_is_not_kept(self):
        self.assertPrivate(self.ask("/admin/blog/"))

    def test_which_paths_are_not_kept_is_a_setting(self):
        with self.settings(DUMPER_PATH_IGNORE_REGEX=r"^/(?:(?:admin)|(?:media))/"):
            self.assertPrivate(self.ask("/media/a.png"))
            self.assertPrivate(self.ask("/admin/"))
            self.assertEqual(self.ask("/vanilla")["Cache-Control"], FOR_EVER)

    def test_what_is_not_a_200_is_not_kept(self):
        for status in (301, 404, 410, 500):
            self.assertPrivate(
                self.ask(view=lambda request, status=status: HttpResponse(status=status))
            )

    def test_what_is_personal_is_not_kept(self):
        def sets_a_cookie(request):
            response = HttpResponse()
            response.set_cookie("seen", "1")
            return response

        def reads_one(request):
            return HttpResponse(headers={"Vary": "Cookie"})

        for view in (sets_a_cookie, reads_one):
            self.assertPrivate(self.ask(view=view))
        self.assertPrivate(self.ask(headers={"Authorization": "Basic eDp5"}))
        self.assertPrivate(self.ask(method="post"))

    def test_a_view_may_decide_otherwise_and_its_page_is_purged_by_path_all_the_same(self):
        def shorter(request):
            return HttpResponse(headers={"Cache-Control": "public, s-maxage=5", "Cache-Tag": "x"})

        response = self.ask(view=shorter)
        self.assertEqual(response["Cache-Control"], "public, s-maxage=5")
        self.assertIn("dumper.cached_path./vanilla", response["Cache-Tag"])

    def test_a_prefix_keeps_two_sites_apart(self):
        with self.settings(DUMPER_KEY_PREFIX="shop."):
            self.assertEqual(self.ask()["Cache-Tag"], "shop./vanilla")
            self.assertEqual(tag_of_path("/vanilla"), "shop./vanilla")

    def test_the_log_says_what_was_kept_and_what_was_not_and_why(self):
        with self.assertLogs("dumper", "DEBUG") as log:
            self.ask()
            self.ask(view=lambda request: HttpResponse(headers={"Vary": "Cookie"}))
        self.assertIn(
            "cached path '/vanilla' with method GET: The edge may keep it.", log.output[0]
        )
        self.assertIn("not saving cache for path '/vanilla'", log.output[1])
        self.assertIn("It reads the session", log.output[1])

    def test_a_missing_page_is_raised_as_before(self):
        def missing(request):
            raise Http404

        with self.assertRaises(Http404):
            self.ask(view=missing)

    def test_a_setting_that_does_nothing_is_reported(self):
        self.assertEqual(check_settings(None), [])
        with self.settings(DUMPER_CACHE_ALIAS="default"):
            self.assertEqual([each.id for each in check_settings(None)], ["edge_isr.I002"])


class Paths(SimpleTestCase):
    def test_a_page_and_its_purge_agree_on_the_tag(self):
        table = {
            "/caf%C3%A9/": "/café/",
            "/café/": "/café/",
            "/a%20b": "/a b",
            "https://www.example.com/posts?page=2#top": "/posts",
            "/a,b": "/a,b",
            "/100%25": "/100%",
            "/" + "x" * 2000: "/" + "x" * 2000,
            "/" + "é" * 500: "/" + "é" * 500,
        }
        for named, path in table.items():
            self.assertEqual(tag_of_path(named), tag_of_request_path(path), named)

    def test_long_paths_have_tags_of_their_own(self):
        one, two = (tag_of_path("/" + "x" * 2000 + end) for end in "ab")
        self.assertNotEqual(one, two)
        self.assertLessEqual(len(one), 1024)

    def test_a_path_is_text(self):
        with self.assertRaisesMessage(TypeError, "not 7"):
            tag_of_path(7)


class Purges(WithEdge):
    def setUp(self):
        super().setUp()
        with transaction.atomic():
            self.cone = IceCream.objects.create(slug="cone")
            self.large = Size.objects.create(slug="large")
        self.forget()

    def assertPurged(self, *paths):
        self.assertEqual(set(self.edge.tags), {f"dumper.cached_path.{path}" for path in paths})
        self.edge.asked.clear()

    def test_a_save_purges_the_paths_of_the_row(self):
        self.cone.save()
        self.assertPurged("/cone")

    def test_a_rename_purges_the_old_path_too(self):
        self.cone.slug = "cornet"
        self.cone.save()
        self.assertPurged("/cone", "/cornet")

    def test_a_delete_purges_the_paths_of_the_row(self):
        self.cone.delete()
        self.assertPurged("/cone")

    def test_a_many_to_many_relation_purges_both_sides_from_either_side(self):
        for change in (
            lambda: self.cone.sizes.add(self.large),
            lambda: self.large.ice_creams.remove(self.cone),
            lambda: self.large.ice_creams.add(self.cone),
            lambda: self.cone.sizes.clear(),
        ):
            change()
            self.assertPurged("/cone", "/large")

    def test_paths_that_are_generated_count_all(self):
        self.cone.sizes.add(self.large)
        self.forget()
        self.large.save()
        self.assertPurged("/cone", "/large")

    def test_a_text_in_place_of_a_list_is_refused_at_the_save(self):
        with self.assertRaisesMessage(TagsError, "a list of paths, not the str '/broth'"):
            Broth.objects.create()

    def test_a_model_without_dependent_paths_is_refused_at_once(self):
        with self.assertRaisesMessage(TypeError, "dependent_paths()"):
            dumper.register(Category)

    def test_the_log_says_what_was_purged_and_why(self):
        with self.assertLogs("dumper", "DEBUG") as log:
            self.cone.save()
        self.assertIn(f"purging shop.IceCream {self.cone.pk}: /cone", log.output[0])
        self.assertIn("purging path '/cone' by the tag dumper.cached_path./cone", log.output[1])

    def test_another_model_purges_nothing(self):
        get_user_model().objects.create(username="x")
        self.assertEqual(self.edge.asked, [])
