"""What a site of django-edge-isr finds here: its README, with the edge added to the settings."""

from django.contrib.sessions.middleware import SessionMiddleware
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.http import HttpResponse, JsonResponse
from django.test import RequestFactory

from edge_isr import isr, revalidate_by_tags, revalidate_by_urls, tag
from edge_isr.config import Config
from edge_isr.middleware import EdgeISRMiddleware
from edge_isr.testing import WithEdge

from .shop.models import Category

OF_THE_README = {
    "REDIS_URL": "redis://localhost:6379/0",
    "DEFAULTS": {"s_maxage": 300, "stale_while_revalidate": 3600},
    "CDN": {"provider": "cloudflare", "zone_id": "z", "api_token": "t"},
    "QUEUE": {"backend": "celery", "queue_name": "edge_isr"},
}
PUBLIC = "public, max-age=0, s-maxage=300, stale-while-revalidate=3600, stale-if-error=0"


@isr(tags=lambda req, post_id: [tag("post", post_id)], s_maxage=300, swr=3600)
def post_detail(request, post_id):
    request.edge_isr.add_tags([tag("category", 7)])
    return HttpResponse("post")


class README(WithEdge):
    def configure(self, **settings):
        super().configure(**{**OF_THE_README, **settings})

    def ask(self, view, *args, middleware=EdgeISRMiddleware, headers=None):
        request = RequestFactory().get("/", headers=headers)
        return middleware(lambda request: view(request, *args))(request)

    def test_the_settings_are_taken_and_those_without_effect_are_named(self):
        self.assertEqual(Config.from_settings().page_defaults.s_maxage, 300)
        messages = [each for each in checks.run_checks() if each.id == "edge_isr.I001"]
        self.assertEqual(len(messages), 3)

    def test_a_page_has_the_tags_of_its_arguments_and_those_of_the_view(self):
        response = self.ask(post_detail, 42)
        self.assertEqual(response["Cache-Tag"], "post:42,category:7")
        self.assertEqual(response["Cache-Control"], PUBLIC)

    def test_the_decorator_needs_no_arguments(self):
        self.assertEqual(self.ask(isr()(lambda request: HttpResponse()))["Cache-Control"], PUBLIC)

    def test_a_page_may_vary(self):
        view = isr(vary=["Accept-Language"])(lambda request: HttpResponse())
        self.assertEqual(self.ask(view)["Vary"], "Accept-Language")

    def test_a_page_that_declares_nothing_gets_the_defaults(self):
        self.assertEqual(self.ask(lambda request: HttpResponse())["Cache-Control"], PUBLIC)

    def test_a_personal_page_never_gets_them(self):
        def of_session(request):
            return JsonResponse({"user": request.session.get("user")})

        def sets_cookie(request):
            response = HttpResponse()
            response.set_cookie("a", "b")
            return response

        def behind(get_response):
            return EdgeISRMiddleware(SessionMiddleware(get_response))

        private = [
            self.ask(of_session, middleware=behind),
            self.ask(sets_cookie),
            self.ask(lambda request: HttpResponse(status=404)),
            self.ask(lambda request: HttpResponse(), headers={"Authorization": "Basic eDp5"}),
        ]
        for response in private:
            self.assertEqual(response["Cache-Control"], "private, no-store")

    def test_the_middleware_works_as_the_last_one_too_and_a_check_says_where_it_belongs(self):
        name = "edge_isr.middleware.EdgeISRMiddleware"
        with self.settings(MIDDLEWARE=["django.middleware.common.CommonMiddleware", name]):
            ids = [each.id for each in checks.run_checks()]
        self.assertIn("edge_isr.W001", ids)
        last = self.ask(
            post_detail, 1, middleware=lambda view: SessionMiddleware(EdgeISRMiddleware(view))
        )
        self.assertEqual(last["Cache-Tag"], "post:1,category:7")

    def test_a_receiver_revalidates_by_tags_after_the_commit(self):
        def changed(sender, instance, **kwargs):
            self.assertEqual(revalidate_by_tags([tag("category", instance.pk)]), [])

        for signal in (post_save, post_delete):
            signal.connect(changed, sender=Category)
            self.addCleanup(signal.disconnect, changed, sender=Category)
        with transaction.atomic():
            category = Category.objects.create(name="a")
            self.assertEqual(self.edge.asked, [])
        self.assertEqual(self.edge.tags, [f"category:{category.pk}"])
        self.assertTrue(self.edge.asked[0].body["warm"])
        with self.assertRaises(ZeroDivisionError), transaction.atomic():
            Category.objects.create(name="b")
            _ = 1 / 0
        self.assertEqual(len(self.edge.asked), 1)

    def test_urls_are_revalidated_too(self):
        urls = revalidate_by_urls(["/a", "https://www.example.com/b"])
        self.assertEqual(urls, [f"{self.edge.url}/a", "https://www.example.com/b"])
        self.assertEqual(self.edge.asked[0].body, {"mode": "soft", "warm": True, "urls": urls})

    def test_an_object_that_is_not_saved_yet_has_no_tag(self):
        with self.assertRaisesMessage(ValueError, "has no id before it is saved"):
            tag("post", None)

    def test_a_tags_function_that_raises_leaves_the_page_uncached_and_is_logged(self):
        view = isr(tags=lambda request: [1 / 0])(lambda request: HttpResponse("x"))
        with self.assertLogs("edge_isr", "ERROR") as log:
            response = self.ask(view)
        self.assertEqual((response.content, response["Cache-Control"]), (b"x", "private, no-store"))
        self.assertIn("ZeroDivisionError", log.output[0])

    def test_defaults_that_cannot_be_right_are_refused_at_the_start(self):
        for wrong in ({"s_maxage": "300"}, {"swr": 5}, 300, {"s_maxage": -1}):
            self.configure(DEFAULTS=wrong)
            with self.subTest(wrong), self.assertRaisesMessage(ImproperlyConfigured, "'DEFAULTS'"):
                Config.from_settings()
