from asgiref.sync import async_to_sync
from django.http import HttpResponse, HttpResponseRedirect
from django.template import engines
from django.template.response import TemplateResponse
from django.test import RequestFactory, SimpleTestCase
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import condition

from edge_isr.middleware import EdgeISRMiddleware
from edge_isr.pages import add_tags, edge_cache

PUBLIC = "public, max-age=0, s-maxage=60, stale-while-revalidate=600, stale-if-error=3600"
TIMES = {"s_maxage": 60, "stale_while_revalidate": 600, "stale_if_error": 3600}


def text(request, *args, **kwargs):
    return HttpResponse("text")


class Pages(SimpleTestCase):
    def ask(self, view, *args, method="get", headers=None, **kwargs):
        request = getattr(RequestFactory(), method)("/page/", headers=headers)
        return EdgeISRMiddleware(lambda request: view(request, *args, **kwargs))(request)

    def assertPrivate(self, response):
        self.assertEqual(response["Cache-Control"], "private, no-store")
        self.assertNotIn("Cache-Tag", response)

    def test_a_declared_page_carries_its_times(self):
        self.assertEqual(self.ask(edge_cache(**TIMES)(text))["Cache-Control"], PUBLIC)

    def test_a_page_in_the_language_of_a_cookie_stays_private_and_the_log_says_why(self):
        def view(request):
            return HttpResponse("text", headers={"Vary": "Accept-Language"})

        shared = self.ask(edge_cache(**TIMES)(view), headers={"accept-language": "de"})
        self.assertEqual(shared["Cache-Control"], PUBLIC)
        with self.assertLogs("edge_isr.middleware", "WARNING") as log:
            chosen = self.ask(edge_cache(**TIMES)(view), headers={"cookie": "django_language=de"})
        self.assertPrivate(chosen)
        self.assertIn("django_language", log.output[0])

    def test_a_page_without_tags_has_no_tag_header(self):
        self.assertNotIn("Cache-Tag", self.ask(edge_cache(**TIMES)(text)))

    def test_tags_come_from_a_list(self):
        response = self.ask(edge_cache(tags=["a", "B"], **TIMES)(text))
        self.assertEqual(response["Cache-Tag"], "a,b")

    def test_tags_come_from_the_arguments_of_the_view(self):
        view = edge_cache(tags=lambda request, slug: [f"post-{slug}"], **TIMES)(text)
        self.assertEqual(self.ask(view, slug="x,y")["Cache-Tag"], "post-x%2cy")

    def test_tags_come_from_within_the_view(self):
        @edge_cache(tags=["a"], **TIMES)
        def view(request):
            add_tags(request, "b", "a")
            add_tags(request, "c")
            return HttpResponse()

        self.assertEqual(self.ask(view)["Cache-Tag"], "a,b,c")

    def test_tags_of_one_request_are_not_those_of_the_next(self):
        @edge_cache(tags=["a"], **TIMES)
        def view(request, word):
            add_tags(request, word)
            return HttpResponse()

        self.ask(view, "b")
        self.assertEqual(self.ask(view, "c")["Cache-Tag"], "a,c")

    def test_a_wrapped_request_gets_its_tags_too(self):
        class Wrapper:
            def __init__(self, request):
                self._request = request

        @edge_cache(**TIMES)
        def view(request):
            add_tags(Wrapper(request), "a")
            return HttpResponse()

        self.assertEqual(self.ask(view)["Cache-Tag"], "a")

    def test_a_class_based_view_is_declared_by_its_dispatch(self):
        @method_decorator(edge_cache(tags=["a"], **TIMES), name="dispatch")
        class Page(View):
            def get(self, request):
                add_tags(request, "b")
                return TemplateResponse(request, engines["django"].from_string("x")).render()

        self.assertEqual(self.ask(Page.as_view())["Cache-Tag"], "a,b")

    def test_an_async_view_is_declared_alike(self):
        @edge_cache(tags=["a"], **TIMES)
        async def view(request):
            add_tags(request, "b")
            return HttpResponse()

        async def ask():
            return await EdgeISRMiddleware(view)(RequestFactory().get("/"))

        self.assertEqual(async_to_sync(ask)()["Cache-Tag"], "a,b")

    def test_a_bad_tag_or_time_is_an_error_where_it_is_written(self):
        for wrong in ({"tags": [""]}, {"tags": "posts"}, {"s_maxage": -1}, {"s_maxage": 1.5}):
            with self.subTest(wrong), self.assertRaises((ValueError, TypeError)):
                edge_cache(**{**TIMES, **wrong})

    def test_an_undeclared_page_is_private(self):
        self.assertPrivate(self.ask(text))

    def test_an_undeclared_page_for_browsers_is_kept_from_shared_caches(self):
        response = self.ask(cache_control(max_age=60)(text))
        self.assertEqual(response["Cache-Control"], "max-age=60, private")

    def test_an_undeclared_page_that_names_shared_caches_is_left_alone(self):
        response = self.ask(cache_control(public=True, max_age=60)(text))
        self.assertEqual(response["Cache-Control"], "public, max-age=60")

    def test_other_methods_and_failures_are_private(self):
        view = edge_cache(tags=["a"], **TIMES)
        self.assertPrivate(self.ask(view(text), method="post"))
        self.assertPrivate(self.ask(view(lambda request: HttpResponseRedirect("/"))))
        for status in (404, 410, 500, 503):
            response = HttpResponse(status=status)
            self.assertPrivate(self.ask(view(lambda request, response=response: response)))

    def test_head_is_answered_with_the_headers_of_get(self):
        response = self.ask(edge_cache(tags=["a"], **TIMES)(text), method="head")
        self.assertEqual((response["Cache-Control"], response["Cache-Tag"]), (PUBLIC, "a"))

    def test_a_view_may_decide_otherwise(self):
        view = edge_cache(tags=["a"], **TIMES)
        private = self.ask(view(never_cache(text)))
        self.assertIn("no-store", private["Cache-Control"])
        self.assertNotIn("Cache-Tag", private)
        shorter = self.ask(view(cache_control(public=True, s_maxage=5)(text)))
        self.assertEqual(shorter["Cache-Control"], "public, s-maxage=5")
        self.assertEqual(shorter["Cache-Tag"], "a")

    def test_an_answer_to_authorization_is_private(self):
        view = edge_cache(tags=["a"], **TIMES)(text)
        self.assertPrivate(self.ask(view, headers={"Authorization": "Basic eDp5"}))

    def test_a_page_that_turns_out_personal_is_private_and_reported(self):
        def varies(request):
            return HttpResponse(headers={"Vary": "Accept, COOKIE"})

        def varies_by_anything(request):
            return HttpResponse(headers={"Vary": "*"})

        def sets_cookie(request):
            response = HttpResponse()
            response.set_cookie("seen", "1")
            return response

        for view in (varies, varies_by_anything, sets_cookie):
            with self.subTest(view), self.assertLogs("edge_isr", "WARNING") as log:
                self.assertPrivate(self.ask(edge_cache(tags=["a"], **TIMES)(view)))
            self.assertIn("/page/ is not cached", log.output[0])

    def test_vary_by_what_is_not_personal_is_kept(self):
        response = self.ask(
            edge_cache(**TIMES)(lambda request: HttpResponse(headers={"Vary": "Accept-Language"}))
        )
        self.assertEqual(response["Cache-Control"], PUBLIC)

    def test_a_page_with_too_many_tags_is_served_and_not_cached(self):
        def view(length):
            return edge_cache(tags=["x" * 1000 + str(n) for n in range(length)], **TIMES)(text)

        self.assertIn("Cache-Tag", self.ask(view(16)))
        with self.assertLogs("edge_isr", "WARNING") as log:
            self.assertPrivate(self.ask(view(17)))
        self.assertIn("17 tags take more than 16384 bytes", log.output[0])

    def test_a_304_of_condition_leaves_the_tags_that_the_edge_has(self):
        @edge_cache(tags=["a"], **TIMES)
        @condition(etag_func=lambda request: '"1"')
        def view(request):
            add_tags(request, "b")
            return HttpResponse()

        self.assertEqual(self.ask(view)["Cache-Tag"], "a,b")
        confirmed = self.ask(view, headers={"If-None-Match": '"1"'})
        self.assertEqual(confirmed.status_code, 304)
        self.assertEqual(confirmed["Cache-Control"], PUBLIC)
        self.assertNotIn("Cache-Tag", confirmed)
