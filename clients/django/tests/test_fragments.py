"""Fragments: kept in Django's cache, and told to the page."""

from django.core.cache import cache
from django.http import HttpResponse
from django.template import Context, Template, TemplateSyntaxError
from django.template.response import TemplateResponse
from django.test import RequestFactory
from django.utils.safestring import mark_safe

from edge_isr import edge_cache, isr_fragment, purge, tag
from edge_isr.middleware import EdgeISRMiddleware
from edge_isr.testing import WithEdge

from .shop.models import Category


class Fragments(WithEdge):
    def setUp(self):
        super().setUp()
        cache.clear()
        self.addCleanup(cache.clear)
        self.made = 0

    def page(self, make):
        """A page that shows what `make` returns."""
        view = edge_cache(tags=["page"], s_maxage=60)(lambda request: HttpResponse(make()))
        return EdgeISRMiddleware(view)(RequestFactory().get("/"))

    def card(self, **options):
        @isr_fragment(**options)
        def card(*args, **kwargs):
            self.made += 1
            return f"card {self.made}"

        return card


class Functions(Fragments):
    def test_a_fragment_is_kept_and_its_tags_are_the_pages(self):
        card = self.card(tags=lambda post: [tag("post", post.pk)], s_maxage=300, swr=3600)
        post = Category(pk=42)
        for _ in range(2):
            response = self.page(lambda: card(post))
            self.assertEqual(response.content, b"card 1")
            self.assertEqual(response["Cache-Tag"], "page,post:42")

    def test_a_purge_ends_it(self):
        card = self.card(tags=["posts"])
        card("a")
        purge("other")
        self.assertEqual(card("a"), "card 1")
        purge("posts")
        self.assertEqual(card("a"), "card 2")

    def test_a_purge_while_it_is_made_ends_it(self):
        @isr_fragment(tags=["posts"])
        def card():
            self.made += 1
            if self.made == 1:
                purge("posts")
            return f"card {self.made}"

        self.assertEqual([card(), card(), card()], ["card 1", "card 2", "card 2"])

    def test_arguments_tell_fragments_apart(self):
        card = self.card()
        asks = [("1",), (1,), (True,), (None,), ("1", "2"), ("12",), (Category(pk=1),)]
        self.assertEqual(len({card(*ask) for ask in asks}), len(asks))
        self.assertNotEqual(card(a="1"), card(b="1"))
        self.assertEqual(card(a="1", b="2"), card(b="2", a="1"))

    def test_an_argument_without_identity_needs_a_key(self):
        with self.assertRaisesMessage(TypeError, "key="):
            self.card()([1])
        with self.assertRaisesMessage(ValueError, "not saved yet"):
            self.card()(Category())
        card = self.card(key=lambda values: ",".join(values))
        self.assertEqual([card(["a"]), card(["a"]), card(["b"])], ["card 1", "card 1", "card 2"])

    def test_what_is_safe_stays_safe_and_what_is_not_does_not(self):
        for text, shown in ((mark_safe("<b>"), "<b>"), ("<i>", "&lt;i&gt;")):
            card = isr_fragment(key=lambda text=text: text)(lambda text=text: text)
            for _ in range(2):
                self.assertEqual(Template("{{ card }}").render(Context({"card": card()})), shown)

    def test_a_tags_function_that_raises_leaves_fragment_and_page_unkept(self):
        card = self.card(tags=lambda: [1 / 0])
        with self.assertLogs("edge_isr", "ERROR"):
            first, second = (self.page(card) for _ in range(2))
        self.assertEqual((first.content, second.content), (b"card 1", b"card 2"))
        self.assertEqual(first["Cache-Control"], "private, no-store")

    def test_outside_of_a_request_a_fragment_is_kept_too(self):
        card = self.card(tags=["a"])
        self.assertEqual([card(), card()], ["card 1", "card 1"])


class Templates(Fragments):
    def render(self, text, request=None, **values):
        def count():
            self.made += 1
            return self.made

        context = {"count": count, "request": request, **values}
        return Template("{% load edge_isr %}" + text).render(Context(context))

    def test_a_fragment_is_kept_by_its_name_and_its_tags(self):
        text = '{% isrcache "card" tags=["post:{{ post.pk }}"] %}card {{ count }}{% endisrcache %}'
        one, two = Category(pk=1), Category(pk=2)
        seen = [self.render(text, post=post) for post in (one, one, two)]
        self.assertEqual(seen, ["card 1", "card 1", "card 2"])
        purge("post:1")
        seen = [self.render(text, post=post) for post in (one, two)]
        self.assertEqual(seen, ["card 3", "card 2"])

    def test_values_tell_fragments_apart(self):
        text = "{% isrcache 'a b' x y tags=names s_maxage=300 swr=60 %}{{ count }}{% endisrcache %}"
        for x, y, made in (("1", "2", "1"), ("1", "2", "1"), ("12", "", "2"), (1, "2", "3")):
            self.assertEqual(self.render(text, x=x, y=y, names=["p"]), made)

    def test_the_page_has_the_tags_of_its_fragments(self):
        template = Template(
            '{% load edge_isr %}{% isrcache "x" tags=["a", "Tom & {{ who }}"] %}y{% endisrcache %}'
        )

        class _Engine:
            @staticmethod
            def render(context, request):
                return template.render(Context({**context, "request": request}))

        @edge_cache(s_maxage=60)
        def view(request):
            return TemplateResponse(request, _Engine(), {"who": "Zoë"})

        for _ in range(2):
            request = RequestFactory().get("/")
            site = EdgeISRMiddleware(lambda request: view(request).render())
            self.assertEqual(site(request)["Cache-Tag"], "a,tom%20&%20zo%c3%ab")

    def test_what_cannot_be_read_is_refused_when_the_template_is_loaded(self):
        for words in ("", '"a" tags=["b"', '"a" tags=[1]', '"a" tags=[b]', '"a'):
            with self.subTest(words), self.assertRaises(TemplateSyntaxError):
                self.render("{% isrcache " + words + " %}{% endisrcache %}")
