"""The tests of edge_isr.wagtail have settings of their own, and so a process of their own."""

import os
import subprocess
import sys
import unittest
from importlib.util import find_spec
from pathlib import Path

MANAGE = Path(__file__).with_name("manage.py")


@unittest.skipUnless(find_spec("wagtail"), "pip install wagtail")
class Wagtail(unittest.TestCase):
    def test_a_wagtail_site_says_and_purges_what_it_should(self):
        environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.wagtail_site.settings"}
        words = [sys.executable, MANAGE, "test", "tests.wagtail_site.cases"]
        ended = subprocess.run(words, env=environment, capture_output=True, text=True)
        self.assertEqual(ended.returncode, 0, ended.stderr)
        self.assertRegex(ended.stderr, r"Ran [1-9]\d tests")
