import doctest

from django.test import SimpleTestCase

from edge_isr import tags


def load_tests(loader, tests, pattern):
    tests.addTests(doctest.DocTestSuite(tags))
    return tests


class Tags(SimpleTestCase):
    def test_a_legal_tag_stays_as_it_is(self):
        for tag in ("post-1", "a/b:c.d_e~f", "50%", "100%25", "!\"#$&'()*+;<=>?@[\\]^`{|}"):
            self.assertEqual(tags.canonical(tag), tag)

    def test_case_and_outer_space_do_not_count(self):
        self.assertEqual(tags.canonical(" Post-1\t"), "post-1")

    def test_what_a_tag_cannot_hold_is_percent_encoded(self):
        table = {"a b": "a%20b", "a,b": "a%2cb", "ë": "%c3%ab", "a\r\nb": "a%0d%0ab", "\x7f": "%7f"}
        for tag, sent in table.items():
            self.assertEqual(tags.canonical(tag), sent)

    def test_a_canonical_tag_is_not_changed_again(self):
        for tag in ("a b", "ë,", "%20", "50% off"):
            self.assertEqual(tags.canonical(tags.canonical(tag)), tags.canonical(tag))

    def test_an_empty_tag_is_an_error(self):
        for tag in ("", "  "):
            with self.assertRaisesMessage(ValueError, "a tag cannot be empty"):
                tags.canonical(tag)

    def test_a_tag_longer_than_the_edge_takes_is_an_error(self):
        self.assertEqual(len(tags.canonical("x" * 1024)), 1024)
        for tag in ("x" * 1025, "ë" * 200):
            with self.assertRaisesMessage(ValueError, "at most 1024 characters"):
                tags.canonical(tag)

    def test_what_is_no_text_is_an_error(self):
        for tag in (None, 7, b"a", ["a"]):
            with self.assertRaisesMessage(TypeError, "a tag is a str"):
                tags.canonical(tag)

    def test_one_text_where_a_list_is_meant_is_an_error(self):
        with self.assertRaisesMessage(TypeError, "list of tags"):
            tags.tag_set("posts")

    def test_a_set_keeps_the_order_and_holds_each_once(self):
        self.assertEqual(tags.tag_set(["b", "A", "a", "B"]), ["b", "a"])
