"""What a site of django-custom-cache-page finds here: its README, and attacks on it."""

from asgiref.sync import async_to_sync
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.cache import cache
from django.http import HttpResponse, StreamingHttpResponse
from django.middleware.csrf import get_token
from django.template import engines
from django.template.response import TemplateResponse
from django.test import RequestFactory
from django.utils.functional import SimpleLazyObject

from edge_isr.custom_cache_page import (
    SurrogateKeySet,
    cache_page,
    generate_cache_key,
    generate_query_params_cache_key,
    hash_key,
    invalidate_tag,
    invalidate_tags,
    surrogate_from_model,
    surrogate_from_path,
    surrogate_from_query_params,
    surrogate_from_user,
    surrogate_from_view,
    versioned,
)
from edge_isr.middleware import EdgeISRMiddleware
from edge_isr.testing import WithEdge

PUBLIC = "public, max-age=0, s-maxage=3600, stale-while-revalidate=0, stale-if-error=0"


def by_path(request):
    return request.path


def user_of(request):
    """As AuthenticationMiddleware finds it: by the session."""
    pk = request.session.get("user")
    return User(pk=pk) if pk else AnonymousUser()


class CachePage(WithEdge):
    def setUp(self):
        super().setUp()
        cache.clear()
        self.addCleanup(cache.clear)
        self.rendered = 0

    def view(self, request, *args, **kwargs):
        self.rendered += 1
        return HttpResponse(f"page {self.rendered}")

    def ask(self, view, path="/products/", user=None, method="get", headers=None):
        """Through the middlewares of a site, as a visitor who is logged in or not."""
        request = getattr(RequestFactory(), method)(path, headers=headers)
        if user:
            session = SessionStore()
            session["user"] = user
            request.COOKIES["sessionid"] = session._get_session_key()

        def inner(request):
            request.user = SimpleLazyObject(lambda: user_of(request))
            return view(request)

        sessions = "django.contrib.sessions.backends.signed_cookies"
        with self.settings(SESSION_ENGINE=sessions):
            response = EdgeISRMiddleware(SessionMiddleware(inner))(request)
        return response.render() if hasattr(response, "render") else response

    def assertPrivate(self, response):
        self.assertEqual(response["Cache-Control"], "private, no-store")
        self.assertNotIn("Cache-Tag", response)


class README(CachePage):
    def test_a_page_is_kept_by_its_path(self):
        response = self.ask(cache_page(timeout=3600, key_func=by_path)(self.view))
        self.assertEqual(response["Cache-Control"], PUBLIC)

    def test_tags_are_texts_and_functions(self):
        tags = [
            "products",
            lambda r: f"category-{r.GET.get('cat')}",
            lambda r: [f"a-{r.GET.get('a')}", "two words"],
            lambda r: None,
        ]
        view = cache_page(timeout=3600, key_func=by_path, tags=tags)(self.view)
        response = self.ask(view, "/products/?cat=7&a=1")
        self.assertEqual(response["Cache-Tag"], "products,category-7,a-1,two-words")

    def test_a_versioned_tag_is_a_tag(self):
        tags = [versioned("products"), versioned(lambda r: f"store:{r.GET['store']}"), "category"]
        view = cache_page(timeout=3600, key_func=by_path, tags=tags)(self.view)
        response = self.ask(view, "/products/?store=5")
        self.assertEqual(response["Cache-Tag"], "products,store:5,category")

    def test_a_plain_tag_is_purged(self):
        self.assertEqual(invalidate_tag("two words"), 1)
        self.assertEqual(self.edge.tags, ["two-words"])
        self.assertEqual(invalidate_tags(["b", "a", "b"]), 2)
        self.assertEqual(self.edge.tags, ["a", "b"])

    def test_a_page_for_anonymous_visitors_is_shared_among_them(self):
        view = cache_page(timeout=3600, key_func=by_path, only_if=lambda r: r.user.is_anonymous)(
            self.view
        )
        response = self.ask(view)
        self.assertEqual(response["Cache-Control"], PUBLIC)
        self.assertNotIn("Vary", response)
        counted = self.ask(view, headers={"cookie": "_ga=1"})
        self.assertEqual(counted["Cache-Control"], PUBLIC)
        self.assertPrivate(self.ask(view, user=7))

    def test_a_request_may_bypass_the_cache_from_within_the_view(self):
        @cache_page(timeout=3600, key_func=by_path)
        def view(request):
            if request.GET.get("preview"):
                request.do_not_cache = True
            return HttpResponse()

        self.assertPrivate(self.ask(view, "/?preview=1"))
        self.assertEqual(self.ask(view)["Cache-Control"], PUBLIC)

    def test_a_request_may_bypass_the_cache_before_the_view(self):
        view = cache_page(timeout=3600, key_func=by_path)(self.view)

        def before(request):
            request.do_not_cache = True
            return view(request)

        self.assertPrivate(self.ask(before))

    def test_keys_are_made_of_path_and_query(self):
        request = RequestFactory().get("/a-b/?b=2&A=1")
        self.assertEqual(generate_query_params_cache_key(request), "A:1-b:2")
        self.assertEqual(generate_cache_key(request), "A:1-b:2-/ab/")
        self.assertEqual(len(hash_key("x")), 32)
        response = self.ask(cache_page(timeout=3600, key_func=generate_cache_key)(self.view))
        self.assertEqual(response["Cache-Control"], PUBLIC)

    def test_tags_are_made_of_common_things(self):
        request = RequestFactory().get("/api/products/123/?category=shoes&empty=")
        self.assertEqual(surrogate_from_path(request), "path-api-products-123")
        self.assertEqual(surrogate_from_view("detail"), "view-detail")
        self.assertEqual(surrogate_from_model("Product"), "model-product")
        self.assertEqual(surrogate_from_model("Product", 1), "model-product-1")
        self.assertEqual(surrogate_from_query_params(request), ["param-category-shoes"])
        self.assertIsNone(surrogate_from_user(request))
        request.user = User(pk=123)
        self.assertEqual(surrogate_from_user(request), "user-123")
        self.assertEqual(SurrogateKeySet(["a b", "a b", ""]).to_header(), "a-b")
        self.assertEqual(SurrogateKeySet.from_header("a b").keys, ["a", "b"])

    def test_a_timeout_may_depend_on_the_response(self):
        def timeout(response):
            return 3600 if response.content == b"page 1" else 5

        view = cache_page(timeout=timeout, key_func=by_path)(self.view)
        self.assertEqual(self.ask(view)["Cache-Control"], PUBLIC)
        self.assertIn("s-maxage=5", self.ask(view)["Cache-Control"])

    def test_a_template_response_is_rendered_first(self):
        def view(request):
            return TemplateResponse(request, engines["django"].from_string("x"))

        def render(request):
            return kept(request).render()

        kept = cache_page(timeout=lambda r: 3600 if r.content == b"x" else 0, key_func=by_path)(
            view
        )
        self.assertEqual(self.ask(render)["Cache-Control"], PUBLIC)

    def test_only_a_200_is_kept(self):
        for status in (301, 404, 500):
            view = cache_page(timeout=3600, key_func=by_path)(
                lambda request, status=status: HttpResponse(status=status)
            )
            self.assertPrivate(self.ask(view))

    def test_an_asynchronous_view_is_kept_alike(self):
        @cache_page(timeout=3600, key_func=by_path, tags=["a"])
        async def view(request):
            return HttpResponse()

        async def ask():
            return await EdgeISRMiddleware(view)(RequestFactory().get("/"))

        response = async_to_sync(ask)()
        self.assertEqual((response["Cache-Control"], response["Cache-Tag"]), (PUBLIC, "a"))


class OneVisitorAndAnother(CachePage):
    """What must not happen: a page of one visitor in front of another."""

    def assertKeptHere(self, view, *asks):
        """The edge keeps nothing; this site keeps a page for each of these visitors."""
        seen = []
        for arguments in [*asks, *asks]:
            response = self.ask(view, **arguments)
            self.assertPrivate(response)
            seen.append(response.content)
        self.assertEqual(seen[: len(asks)], seen[len(asks) :], "the second time it is kept")
        self.assertEqual(len(set(seen)), len(asks), "each has a page of its own")

    def test_by_a_user_in_the_key(self):
        view = cache_page(3600, lambda r: f"{r.path}:{r.user.pk}")(self.view)
        self.assertKeptHere(view, {"user": 1}, {"user": 2}, {})

    def test_by_a_cookie_in_the_key(self):
        view = cache_page(3600, lambda r: f"{r.path}:{r.COOKIES.get('theme')}")(self.view)
        self.assertKeptHere(
            view, {"headers": {"cookie": "theme=a"}}, {"headers": {"cookie": "theme=b"}}
        )

    def test_by_the_cookie_field_and_by_meta(self):
        for read in (
            lambda r: r.headers.get("Cookie", ""),
            lambda r: r.META.get("HTTP_COOKIE", ""),
        ):
            cache.clear()
            view = cache_page(3600, read)(self.view)
            self.assertKeptHere(
                view, {"headers": {"cookie": "theme=a"}}, {"headers": {"cookie": "theme=b"}}
            )

    def test_by_the_address_of_the_visitor(self):
        view = cache_page(3600, lambda r: r.META["REMOTE_ADDR"])(self.view)
        self.assertPrivate(self.ask(view))

    def test_by_all_fields_at_once(self):
        view = cache_page(3600, lambda r: str(sorted(r.headers.items())))(self.view)
        self.assertPrivate(self.ask(view))

    def test_by_an_attribute_that_a_middleware_sets(self):
        view = cache_page(3600, lambda r: r.store)(self.view)

        def with_store(request):
            request.store = request.headers.get("X-Store", "")
            return view(request)

        self.assertPrivate(self.ask(with_store))

    def test_by_a_user_in_the_prefix_or_in_a_tag(self):
        prefixed = cache_page(3600, by_path, prefix=lambda r: f"u{r.user.pk}")(self.view)
        self.assertKeptHere(prefixed, {"user": 1}, {"user": 2})
        tagged = cache_page(3600, by_path, tags=[lambda r: f"user-{r.user.pk}"])(self.view)
        self.assertPrivate(self.ask(tagged, user=1))

    def test_by_a_session_that_only_if_allows(self):
        view = cache_page(3600, by_path, only_if=lambda r: r.user is not None)(self.view)
        self.assertPrivate(self.ask(view, user=1))

    def test_by_a_cookie_that_only_if_reads(self):
        view = cache_page(3600, by_path, only_if=lambda r: "beta" in r.COOKIES)(self.view)
        self.assertPrivate(self.ask(view, headers={"cookie": "beta=1"}))

    def test_by_a_view_that_reads_the_user(self):
        @cache_page(3600, by_path)
        def view(request):
            return HttpResponse(f"hello {request.user.pk}")

        with self.assertLogs("edge_isr", "WARNING"):
            self.assertPrivate(self.ask(view, user=1))

    def test_by_a_field_that_the_page_does_not_name(self):
        view = cache_page(3600, lambda r: r.path + r.headers.get("X-Store", ""))(self.view)
        response = self.ask(view, headers={"x-store": "5"})
        self.assertEqual((response["Cache-Control"], response["Vary"]), (PUBLIC, "x-store"))

    def test_by_a_cookie_or_a_token_that_a_kept_page_hands_out(self):
        def sets_cookie(request):
            self.rendered += 1
            response = HttpResponse(str(self.rendered))
            response.set_cookie("seen", "1")
            return response

        def has_token(request):
            self.rendered += 1
            return HttpResponse(f"{self.rendered} {get_token(request)}")

        def streams(request):
            self.rendered += 1
            return StreamingHttpResponse([str(self.rendered)])

        for view in (sets_cookie, has_token, streams):
            kept = cache_page(3600, lambda r: str(r.user.pk))(view)
            before = self.rendered
            for _ in range(2):
                self.assertPrivate(self.ask(kept, user=1))
            self.assertEqual(self.rendered, before + 2, view.__name__)

    def test_by_another_method(self):
        view = cache_page(3600, lambda r: str(r.user.pk))(self.view)
        contents = {self.ask(view, user=1, method="post").content for _ in range(2)}
        self.assertEqual(len(contents), 2)


class KeptHere(CachePage):
    def setUp(self):
        super().setUp()
        self.kept = cache_page(3600, lambda r: str(r.user.pk), tags=["products", "two words"])

    def test_a_purge_ends_what_this_site_keeps(self):
        view = self.kept(self.view)
        self.assertEqual(self.ask(view, user=1).content, b"page 1")
        invalidate_tag("other")
        self.assertEqual(self.ask(view, user=1).content, b"page 1")
        invalidate_tag("two words")
        self.assertEqual(self.ask(view, user=1).content, b"page 2")

    def test_a_purge_during_the_rendering_is_not_lost(self):
        def view(request):
            self.rendered += 1
            if self.rendered == 1:
                invalidate_tag("products")
            return HttpResponse(f"page {self.rendered}")

        self.assertEqual(self.ask(self.kept(view), user=1).content, b"page 1")
        self.assertEqual(self.ask(self.kept(view), user=1).content, b"page 2")

    def test_a_purge_ends_it_before_the_edge_is_told(self):
        view, seen = self.kept(self.view), []
        self.ask(view, user=1)
        answer = self.edge.answer

        def look(asked):
            seen.append(self.ask(view, user=1).content)
            return answer(asked)

        self.edge.answer = look
        invalidate_tag("products")
        self.assertEqual(seen, [b"page 2"])

    def test_a_page_that_is_kept_has_its_headers(self):
        view = self.kept(lambda request: HttpResponse("x", headers={"X-A": "1"}, charset="latin-1"))
        first, second = (self.ask(view, user=1) for _ in range(2))
        self.assertEqual(second["Content-Type"], first["Content-Type"])
        self.assertEqual(second["X-A"], "1")


class Refused(CachePage):
    def test_what_cannot_be_right_is_refused_when_the_view_is_defined(self):
        table = [
            ({"timeout": "1h"}, TypeError, "must be seconds"),
            ({"timeout": True}, TypeError, "must be seconds"),
            ({"key_func": "path"}, TypeError, "a function of the request"),
            ({"backend": "fastly"}, TypeError, "the edge is the backend"),
            ({"cache_name": "none"}, ValueError, "CACHES"),
        ]
        for given, kind, complaint in table:
            with self.subTest(given), self.assertRaisesMessage(kind, complaint):
                cache_page(**{"timeout": 60, "key_func": by_path, **given})

    def test_an_index_that_is_not_needed_is_named(self):
        with self.assertRaisesMessage(ImportError, "is not needed"):
            from edge_isr.custom_cache_page import RedisSurrogateIndex  # noqa: F401

    def test_a_tags_function_that_raises_leaves_the_page_uncached(self):
        view = cache_page(3600, by_path, tags=["a", lambda r: r.GET["missing"]])(self.view)
        with self.assertLogs("edge_isr", "ERROR"):
            response = self.ask(view)
        self.assertPrivate(response)
        self.assertEqual(response.content, b"page 1")
