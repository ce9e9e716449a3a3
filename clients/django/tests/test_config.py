from django.core.exceptions import ImproperlyConfigured
from django.test import SimpleTestCase, override_settings

from edge_isr.config import Config


class Settings(SimpleTestCase):
    def config(self, **given):
        with override_settings(EDGE_ISR=given):
            return Config.from_settings()

    def test_nothing_configured_is_an_edge_that_is_not_there(self):
        self.assertEqual(self.config().url, "")

    def test_the_purge_url_is_made_of_url_and_prefix(self):
        config = self.config(URL="https://example.com:8443/", TOKEN="t", PREFIX="/cache/")
        self.assertEqual(config.url, "https://example.com:8443/cache")

    def test_what_cannot_be_right_names_the_setting(self):
        table = [
            ("URL", {"URL": "example.com", "TOKEN": "t"}),
            ("URL", {"URL": "ftp://example.com", "TOKEN": "t"}),
            ("URL", {"URL": "https://example.com/blog", "TOKEN": "t"}),
            ("URL", {"URL": "https://user:pass@example.com", "TOKEN": "t"}),
            ("URL", {"URL": "http://127.0.0.1:99999", "TOKEN": "t"}),
            ("TOKEN", {"URL": "https://example.com"}),
            ("TOKEN", {"URL": "https://example.com", "TOKEN": "a\nb"}),
            ("PREFIX", {"URL": "https://example.com", "TOKEN": "t", "PREFIX": "edge-isr"}),
            ("TIMEOUT", {"TIMEOUT": 0}),
            ("TIMEOUT", {"TIMEOUT": "3"}),
            ("RETRY_AFTER", {"RETRY_AFTER": -1}),
            ("BATCH", {"BATCH": True}),
            ("TIMOUT", {"TIMOUT": 3}),
        ]
        for name, given in table:
            with self.subTest(given), self.assertRaisesMessage(ImproperlyConfigured, f"'{name}'"):
                self.config(**given)

    def test_a_complaint_never_quotes_the_token(self):
        with self.assertRaises(ImproperlyConfigured) as caught:
            self.config(URL="https://example.com", TOKEN="secret secret")
        self.assertNotIn("secret", str(caught.exception))
