"""Reads every page a test sees as strict HTML and refuses what the security policy forbids."""

from __future__ import annotations

import re

import html5lib
from flask import Flask, Response, request

_sound: set[int] = set()
_TOKEN = re.compile(r'(?<=name="csrf_token" value=")[^"]*')


def watch(app: Flask) -> None:
    """Read every HTML answer of this application."""
    app.after_request(_read)


def _read(response: Response) -> Response:
    if response.mimetype == "text/html" and not response.is_streamed:
        text = response.get_data(as_text=True)
        # A frame and a content that were read before need not be read again.
        parts = _parts(text)
        if text and not parts <= _sound:
            read(text)
            _sound.update(parts)
    return response


def _parts(text: str) -> set[int]:
    """The frame and the content of a page, without what differs at every request."""
    plain = _TOKEN.sub("", text).replace(request.full_path.rstrip("?"), "")
    head, _, rest = plain.replace(request.path, "").partition("<main")
    content, _, foot = rest.partition("</main>")
    return {hash((head, foot)), hash(content)}


def read(text: str) -> None:
    """Parse a page or a fragment; raises where it is not well formed or carries inline code."""
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    is_page = text.lstrip().lower().startswith("<!doctype")
    tree = parser.parse(text) if is_page else parser.parseFragment(text)
    seen: set[str] = set()
    for element in tree.iter():
        if not isinstance(element.tag, str):
            continue
        for name, value in element.attrib.items():
            inline = name == "style" or (name.startswith("on") and name != "on")
            assert not inline, f"<{element.tag} {name}={value!r}> is inline code"
            if name == "id":
                assert value not in seen, f"id {value!r} stands twice"
                seen.add(value)
        if element.tag == "script":
            assert element.get("src"), "an inline script"
        assert element.tag != "style", "an inline stylesheet"
