"""The outbox in the admin, and the action that purges."""

from django.contrib import admin
from django.contrib.auth.models import User
from django.test import override_settings
from django.urls import include, path

from edge_isr.admin import PurgeAtEdgeMixin
from edge_isr.models import PendingPurge
from edge_isr.testing import WithEdge, hang_up, refuse

from .shop.models import Category, Post


class _PostAdmin(PurgeAtEdgeMixin, admin.ModelAdmin):
    pass


admin.site.register(Post, _PostAdmin)
admin.site.register(Category, _PostAdmin)
urlpatterns = [
    path("admin/", admin.site.urls),
    path("edge-isr/", include("edge_isr.admin.urls")),
]


@override_settings(ROOT_URLCONF="tests.test_admin")
class Admin(WithEdge):
    def setUp(self):
        super().setUp()
        self.editor = User.objects.create_superuser("editor")
        self.client.force_login(self.editor)
        category = Category.objects.create(name="bread")
        self.one = Post.objects.create(slug="one", category=category)
        self.forget()

    def act(self, model, action, *rows):
        data = {"action": action, "_selected_action": [row.pk for row in rows]}
        response = self.client.post(f"/admin/{model}/", data, follow=True)
        return " ".join(str(message) for message in response.context["messages"])

    def test_rows_are_purged_by_an_action(self):
        said = self.act("shop/post", "purge_at_edge", self.one)
        self.assertEqual(self.edge.tags, ["category-bread", "post-one", "posts"])
        self.assertIn("The edge has purged 3 tags", said)

    def test_a_purge_that_waits_is_said_to_wait(self):
        self.edge.answer = hang_up
        with self.assertLogs("edge_isr", "WARNING"):
            said = self.act("shop/post", "purge_at_edge", self.one)
        self.assertIn("3 purges wait", said)

    def test_a_model_that_is_not_watched_is_named(self):
        said = self.act("shop/category", "purge_at_edge", self.one.category)
        self.assertIn("No watch() names the tags of shop.Category", said)

    def test_an_editor_who_may_not_change_rows_may_not_purge_them(self):
        User.objects.filter(pk=self.editor.pk).update(is_superuser=False)
        response = self.client.post("/admin/shop/post/", {"action": "purge_at_edge"})
        self.assertEqual(response.status_code, 403)
        self.assertEqual(self.edge.asked, [])

    def test_the_outbox_is_shown_and_cannot_be_changed(self):
        row = PendingPurge.objects.create(value="a")
        self.assertContains(self.client.get("/admin/edge_isr/pendingpurge/"), "Pending purges")
        page = self.client.get(f"/admin/edge_isr/pendingpurge/{row.pk}/change/")
        self.assertNotContains(page, 'name="_save"')
        for way in ("add", f"{row.pk}/delete"):
            self.assertEqual(
                self.client.get(f"/admin/edge_isr/pendingpurge/{way}/").status_code, 403
            )

    def test_the_outbox_is_sent_by_an_action(self):
        row = PendingPurge.objects.create(value="a")
        said = self.act("edge_isr/pendingpurge", "send_now", row)
        self.assertIn("The edge has taken 1 tags and URLs", said)
        self.assertWaiting()
        row = PendingPurge.objects.create(value="a")
        self.edge.answer = refuse(401)
        self.assertIn("PURGE_TOKENS", self.act("edge_isr/pendingpurge", "send_now", row))
        self.assertWaiting("a")


@override_settings(ROOT_URLCONF="tests.test_admin")
class Status(WithEdge):
    def ask(self, query):
        return self.client.get(f"/edge-isr/status/{query}")

    def test_staff_see_the_pages_of_a_tag_and_the_tags_of_a_page(self):
        self.client.force_login(User.objects.create_superuser("editor"))
        self.edge.answer = lambda asked: (200, {"urls": ["u"], "tags": ["t"]})
        self.assertEqual(self.ask("?tag=a").json(), {"tag": "a", "urls": ["u"]})
        self.assertEqual(self.ask("?url=/a").json(), {"url": "/a", "tags": ["t"]})
        self.assertEqual(self.ask("").json(), {"ok": True})
        self.assertEqual(self.ask("?url=a").status_code, 400)
        self.edge.answer = hang_up
        self.assertEqual(self.ask("?tag=a").status_code, 502)

    def test_others_see_nothing(self):
        self.assertEqual(self.ask("?tag=a").status_code, 302)
        self.assertEqual(self.edge.asked, [])
