"""What the public pages say to the edge, and that the others say nothing."""

import re
from contextlib import suppress

from django.contrib.sessions.models import Session
from django.test import Client, TestCase
from django.urls import NoReverseMatch, get_resolver, reverse

from blog.models import Post

from .site import Site

PUBLIC = "public, max-age=0, s-maxage=3600, stale-while-revalidate=86400, stale-if-error=604800"


class PublicPages(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.site = Site()
        cls.paths = ["/", "/posts/first/", "/categories/bread/", "/topics/rye/"]

    def tags(self, path):
        return self.client.get(path)["Cache-Tag"].split(",")

    def test_every_page_may_be_kept_by_the_edge_and_not_by_the_browser(self):
        for path in self.paths:
            with self.subTest(path):
                response = self.client.get(path)
                self.assertEqual(response.status_code, 200)
                self.assertEqual(response["Cache-Control"], PUBLIC)

    def test_every_page_says_its_tags(self):
        site = self.site
        post, category, topic = site.post.pk, site.bread.pk, site.rye.pk
        names = {f"category-{category}", f"topic-{topic}", f"author-{site.admin.pk}", "categories"}
        own = {
            "/": {"posts"},
            "/posts/first/": {f"post-{post}"},
            "/categories/bread/": {f"category-{category}-posts"},
            "/topics/rye/": {f"topic-{topic}-posts"},
        }
        for path in self.paths:
            with self.subTest(path):
                tags = self.tags(path)
                self.assertEqual(set(tags), names | own[path])
                self.assertEqual(len(tags), len(set(tags)))

    def test_pages_that_list_nothing_still_say_what_they_list(self):
        site = self.site
        pages = {"/": set(), "/categories/cake/": {f"category-{site.cake.pk}"}}
        pages["/topics/yeast/"] = {f"topic-{site.yeast.pk}"}
        Post.objects.all().delete()
        for path, own in pages.items():
            lists = {f"{tag}-posts" for tag in own} or {"posts"}
            self.assertEqual(set(self.tags(path)), {"categories"} | own | lists)

    def test_head_is_get_without_a_body(self):
        get, head = self.client.get("/"), self.client.head("/")
        self.assertEqual(head.content, b"")
        for name in ("Cache-Control", "Cache-Tag", "ETag"):
            self.assertEqual(head[name], get[name])

    def test_a_revalidation_that_finds_nothing_new_is_a_304_with_the_same_headers(self):
        for path in self.paths:
            with self.subTest(path):
                first = self.client.get(path)
                second = self.client.get(path, headers={"If-None-Match": first["ETag"]})
                self.assertEqual(second.status_code, 304)
                for name in ("ETag", "Cache-Control", "Cache-Tag"):
                    self.assertEqual(second[name], first[name])

    def test_a_revalidation_that_finds_something_new_is_the_new_page(self):
        site = self.site
        changes = [(site.post, "title"), (site.bread, "name"), (site.rye, "name")]
        for changed, field in [*changes, (site.admin, "first_name")]:
            etags = {path: self.client.get(path)["ETag"] for path in self.paths}
            setattr(changed, field, "Changed")
            changed.save()
            for path, etag in etags.items():
                with self.subTest(path, field=field):
                    response = self.client.get(path, headers={"If-None-Match": etag})
                    self.assertContains(response, "Changed")

    def test_a_page_shows_when_it_was_rendered(self):
        shown = re.compile(r'id="rendered-at">(\d{4}-\d\d-\d\d [\d:]{8}\.\d{3}) UTC<')
        times = [shown.search(self.client.get("/").content.decode())[1] for _ in range(2)]
        self.assertLessEqual(times[0], times[1])

    def test_a_post_cannot_hold_the_marker_of_that_time(self):
        Post.objects.update(body="<!-- rendered at -->")
        self.assertContains(self.client.get("/posts/first/"), "&lt;!-- rendered at --&gt;")

    def test_no_page_varies_or_sets_a_cookie(self):
        for path in self.paths:
            with self.subTest(path):
                response = self.client.get(path)
                self.assertNotIn("Vary", response)
                self.assertFalse(response.cookies)

    def test_no_page_touches_the_session_even_of_an_editor(self):
        self.client.force_login(self.site.admin)
        Session.objects.all().update(session_data="unreadable")
        for path in self.paths:
            with self.subTest(path):
                response = self.client.get(path)
                self.assertFalse(response.wsgi_request.session.accessed)
                self.assertEqual(response["Cache-Control"], PUBLIC)

    def test_a_list_asks_the_database_no_more_for_more_posts(self):
        with self.assertNumQueries(3):
            self.client.get("/")
        for n in range(5):
            self.site.add(f"Post{n}", self.site.cake, self.site.rye, self.site.yeast)
        with self.assertNumQueries(3):
            self.client.get("/")

    def test_what_is_not_there_is_not_cached(self):
        for path in (
            "/posts/none/",
            "/categories/none/",
            "/topics/none/",
            "/none/",
            "/posts/first",
        ):
            with self.subTest(path):
                response = self.client.get(path)
                self.assertIn(response.status_code, (301, 404))
                self.assertEqual(response["Cache-Control"], "private, no-store")
                self.assertNotIn("Cache-Tag", response)

    def test_other_methods_are_refused_and_not_cached(self):
        response = self.client.post("/")
        self.assertEqual(response.status_code, 405)
        self.assertEqual(response["Cache-Control"], "private, no-store")


class Admin(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.site = Site()

    def assertNeverCached(self, path):
        response = self.client.get(path)
        for directive in ("private", "no-store"):
            self.assertIn(directive, response["Cache-Control"], path)
        self.assertNotIn("public", response["Cache-Control"], path)
        self.assertNotIn("s-maxage", response["Cache-Control"], path)
        self.assertNotIn("Cache-Tag", response, path)

    def test_no_page_of_the_admin_is_ever_cached(self):
        paths = [*_admin_paths(self.site.post.pk), "/admin", "/admin/nothing/", "/admin/blog/"]
        self.assertGreater(len(paths), 30)
        for path in paths:
            self.assertNeverCached(path)
        self.client.force_login(self.site.admin)
        for path in paths:
            self.assertNeverCached(path)


class ThroughTheEdge(TestCase):
    """The edge stands on another port, and says so in X-Forwarded-Host and -Proto."""

    @classmethod
    def setUpTestData(cls):
        cls.site = Site()
        cls.site.set_password()

    def log_in(self, **headers):
        client = Client(enforce_csrf_checks=True)
        page = client.get("/admin/login/", headers=headers)
        form = {"username": "admin", "password": "admin"}
        form["csrfmiddlewaretoken"] = page.context["csrf_token"]
        return client.post("/admin/login/?next=/admin/", form, headers=headers)

    def test_the_admin_takes_a_login_on_any_port(self):
        for host in ("127.0.0.1:8787", "127.0.0.1:40123", "localhost:8787"):
            response = self.log_in(
                host="127.0.0.1:8000",
                origin=f"http://{host}",
                x_forwarded_host=host,
                x_forwarded_proto="http",
            )
            self.assertRedirects(response, "/admin/", fetch_redirect_response=False)

    def test_the_admin_refuses_a_login_from_elsewhere(self):
        with self.assertLogs("django.security.csrf", "WARNING"):
            response = self.log_in(
                host="127.0.0.1:8000",
                origin="http://evil.example",
                x_forwarded_host="127.0.0.1:8787",
            )
        self.assertEqual(response.status_code, 403)

    def test_https_at_the_edge_is_https_here(self):
        request = self.client.get("/", headers={"x-forwarded-proto": "https"}).wsgi_request
        self.assertTrue(request.is_secure())
        self.assertFalse(self.client.get("/").wsgi_request.is_secure())

    def test_an_unknown_host_is_refused_and_the_refusal_not_cached(self):
        with self.assertLogs("django.security.DisallowedHost", "ERROR"):
            response = self.client.get("/", headers={"x-forwarded-host": "evil.example"})
        self.assertEqual(response.status_code, 400)
        self.assertEqual(response["Cache-Control"], "private, no-store")

    def test_the_session_cookie_is_kept_to_the_admin(self):
        response = self.log_in(host="127.0.0.1:8000")
        self.assertEqual(response.cookies["sessionid"]["path"], "/admin/")


def _admin_paths(pk):
    """Of every view of the admin that is found by its name and at most one id."""
    for name in get_resolver().namespace_dict["admin"][1].reverse_dict:
        if isinstance(name, str):
            with suppress(NoReverseMatch):
                yield reverse(f"admin:{name}")
            with suppress(NoReverseMatch):
                yield reverse(f"admin:{name}", args=[pk])
