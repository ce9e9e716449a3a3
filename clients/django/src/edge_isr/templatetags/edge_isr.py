"""{% isrcache %}: a part of a template that is kept, with tags of its own."""

import ast
from typing import Any

from django import template
from django.template.base import FilterExpression, NodeList, Parser, Token

from ..fragments import current_request, fragment

register = template.Library()

_USAGE = '{% isrcache "name" [value …] [tags=["post:{{ post.id }}"]] [s_maxage=300] %}'


@register.tag
def isrcache(parser: Parser, token: Token) -> template.Node:
    """Keeps what stands in it, by its name and the values that follow.

    {% isrcache "post_card" post.id tags=["post:{{ post.id }}", "posts"] s_maxage=300 %}
        …
    {% endisrcache %}

    tags: a list of texts, which may hold variables; or a variable that is a list.
    s_maxage: seconds, 300 by default. swr is accepted, and has no effect.
    The name and the values tell fragments apart: name what else it depends on, such as a language.
    """
    name, *words = _words(token)
    body = parser.parse(("endisrcache",))
    parser.delete_first_token()
    node = _Fragment(body)
    for word in words:
        option, is_option, value = word.partition("=")
        if is_option and option == "tags":
            node.tags = _tags(parser, value)
        elif is_option and option in ("s_maxage", "swr"):
            setattr(node, option, parser.compile_filter(value))
        else:
            node.values.append(parser.compile_filter(word))
    node.values.insert(0, parser.compile_filter(name))
    return node


class _Fragment(template.Node):
    def __init__(self, body: NodeList) -> None:
        self.nodelist = body
        self.values: list[FilterExpression] = []
        self.tags: Any = None
        self.s_maxage: FilterExpression | None = None
        self.swr: FilterExpression | None = None

    def render(self, context: Any) -> Any:
        values = [value.resolve(context) for value in self.values]
        identity = [f"{type(value).__name__}:{getattr(value, 'pk', value)}" for value in values]
        request = context.get("request") or current_request.get()
        seconds = int(self.s_maxage.resolve(context)) if self.s_maxage else 300
        return fragment(
            request,
            [str(values[0]), *identity],
            lambda: _resolved(self.tags, context),
            seconds,
            lambda: self.nodelist.render(context),
        )


def _resolved(tags: Any, context: Any) -> list[str]:
    if isinstance(tags, list):
        return [each.render(context) for each in tags]
    named = tags.resolve(context) if tags else []
    return [named] if isinstance(named, str) else list(named)


def _tags(parser: Parser, text: str) -> Any:
    if not text.startswith("["):
        return parser.compile_filter(text)
    try:
        texts = ast.literal_eval(text)
    except (SyntaxError, ValueError):
        texts = None
    if not isinstance(texts, list) or not all(isinstance(each, str) for each in texts):
        raise template.TemplateSyntaxError(f"isrcache: tags is {text}; it must be a list of texts")
    # Tags are no HTML: a tag with an ampersand stays as it is.
    return [_unescaped(each) for each in texts]


def _unescaped(text: str) -> Any:
    return template.Template("{% autoescape off %}" + text + "{% endautoescape %}").nodelist


def _words(token: Token) -> list[str]:
    """The words of the tag. Brackets hold a list together, and quotes a text."""
    text = token.contents.partition(" ")[2]
    words, word, quote, depth = [], "", "", 0
    for character in text:
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        depth += 0 if quote else {"[": 1, "]": -1}.get(character, 0)
        if character.isspace() and not quote and depth == 0:
            words += [word] if word else []
            word = ""
        else:
            word += character
    words += [word] if word else []
    if not words or quote or depth:
        raise template.TemplateSyntaxError(f"isrcache is written {_USAGE}")
    return words
