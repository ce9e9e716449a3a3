"""The reference is made from the docstrings."""

import importlib.util
import sys
import unittest
from pathlib import Path

from django.test import SimpleTestCase

MAKES = Path(__file__).resolve().parents[1] / "docs" / "make_reference.py"


class Reference(SimpleTestCase):
    # An older Python spells some signatures otherwise.
    @unittest.skipIf(sys.version_info[:2] != (3, 11), "it is made with Python 3.11")
    def test_it_is_what_the_docstrings_say(self):
        spec = importlib.util.spec_from_file_location("make_reference", MAKES)
        made = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(made)
        self.assertEqual(
            made.REFERENCE.read_text("utf-8"),
            made.reference(),
            "run python docs/make_reference.py",
        )
