"""What a site of roan finds here: its README."""

from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.test import SimpleTestCase, override_settings

from edge_isr.config import Config
from edge_isr.roan import purge
from edge_isr.testing import WithEdge, hang_up, take

from .shop.models import Letter, LongLetter, Notice


class Purges(WithEdge):
    def urls(self):
        urls = [url for asked in self.edge.asked for url in asked.body["urls"]]
        self.edge.asked.clear()
        return urls

    def test_a_save_and_a_delete_purge_the_url(self):
        posts = f"{self.edge.url}/posts"
        letter = Letter.objects.create(title="a")
        self.assertEqual(self.urls(), [posts])
        letter.save()
        self.assertEqual(self.urls(), [posts])
        letter.delete()
        self.assertEqual(self.urls(), [posts])

    def test_models_of_one_name_do_not_take_each_others_place(self):
        notice = Notice.objects.create(title="a")
        self.assertEqual(self.urls(), [f"{self.edge.url}/posts"])
        notice.delete()
        self.assertEqual(self.urls(), [f"{self.edge.url}/archive?year=2026"])

    def test_a_child_is_its_parent(self):
        LongLetter.objects.create(title="a")
        self.assertEqual(self.urls(), [f"{self.edge.url}/posts"])

    def test_a_rollback_purges_nothing(self):
        with self.assertRaises(ZeroDivisionError), transaction.atomic():
            Letter.objects.create(title="a")
            _ = 1 / 0
        self.assertEqual(self.edge.asked, [])

    def test_an_edge_that_is_down_loses_no_purge(self):
        self.edge.answer = hang_up
        with self.assertLogs("edge_isr", "WARNING"):
            Letter.objects.create(title="a")
        self.edge.answer = take
        self.edge.asked.clear()
        Letter.objects.create(title="b")
        self.assertEqual(self.urls(), [f"{self.edge.url}/posts"])
        self.assertWaiting()

    def test_what_is_no_url_is_refused_at_once(self):
        for wrong in ("posts", "ftp://example.com/", "//example.com/"):
            with self.subTest(wrong), self.assertRaises(ValueError):
                purge(wrong)


class TheSetting(SimpleTestCase):
    def test_the_edge_may_be_named_as_roan_named_it(self):
        with override_settings(ROAN_PURGE_URL="https://www.example.com", EDGE_ISR={"TOKEN": "t"}):
            self.assertEqual(Config.from_settings().url, "https://www.example.com/edge-isr")

    def test_the_setting_of_the_edge_comes_first(self):
        given = {"URL": "https://one.example", "TOKEN": "t"}
        with override_settings(ROAN_PURGE_URL="https://two.example", EDGE_ISR=given):
            self.assertEqual(Config.from_settings().site, "https://one.example")

    def test_an_address_with_a_path_is_refused_with_what_to_write(self):
        for wrong in ("http://nginx.example/clean", 7):
            with (
                override_settings(ROAN_PURGE_URL=wrong),
                self.assertRaisesMessage(ImproperlyConfigured, "EDGE_ISR = {'URL'"),
            ):
                Config.from_settings()
