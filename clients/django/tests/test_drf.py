"""Views of Django REST framework, by the same decorator."""

import unittest

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.test import RequestFactory, SimpleTestCase
from django.utils.decorators import method_decorator

from edge_isr import add_tags, edge_cache
from edge_isr.middleware import EdgeISRMiddleware

try:
    import rest_framework
except ImportError:
    rest_framework = None

PUBLIC = "public, max-age=0, s-maxage=60, stale-while-revalidate=0, stale-if-error=0"

if rest_framework:
    from rest_framework.decorators import api_view
    from rest_framework.permissions import AllowAny
    from rest_framework.response import Response
    from rest_framework.views import APIView
    from rest_framework.viewsets import ViewSet

    @method_decorator(edge_cache(tags=["posts"], s_maxage=60), name="dispatch")
    class Posts(APIView):
        authentication_classes = ()
        permission_classes = (AllowAny,)

        def get(self, request):
            add_tags(request, "post-1")
            return Response({"posts": [1]})

        def post(self, request):
            return Response({})

    class PostSet(ViewSet):
        authentication_classes = ()

        @method_decorator(edge_cache(tags=["posts"], s_maxage=60))
        def list(self, request):
            request.edge_isr.add_tags(["post-2"])
            return Response([])

    @edge_cache(tags=["posts"], s_maxage=60)
    @api_view(["GET"])
    def function(request):
        add_tags(request, "post-3")
        return Response([])


@unittest.skipUnless(rest_framework, "pip install djangorestframework")
class Views(SimpleTestCase):
    def ask(self, view, method="get", **headers):
        request = getattr(RequestFactory(), method)("/", headers=headers)
        inner = AuthenticationMiddleware(lambda request: view(request).render())
        return EdgeISRMiddleware(SessionMiddleware(inner))(request)

    def test_each_kind_of_view_is_declared_alike(self):
        for view, tags in (
            (Posts.as_view(), "posts,post-1"),
            (PostSet.as_view({"get": "list"}), "posts,post-2"),
        ):
            response = self.ask(view)
            self.assertEqual((response["Cache-Control"], response["Cache-Tag"]), (PUBLIC, tags))

    def test_formats_are_kept_apart(self):
        self.assertIn("Accept", self.ask(Posts.as_view())["Vary"])

    def test_what_changes_something_or_is_authorized_is_private(self):
        for response in (
            self.ask(Posts.as_view(), "post"),
            self.ask(Posts.as_view(), authorization="Token t"),
        ):
            self.assertEqual(response["Cache-Control"], "private, no-store")

    def test_a_view_that_asks_who_the_visitor_is_is_private(self):
        with self.assertLogs("edge_isr", "WARNING"):
            self.assertEqual(self.ask(function)["Cache-Control"], "private, no-store")
