"""What a form calls its fields, so that a summary of problems can name them.

The labels are read from the templates themselves, where they stand once.
"""

from __future__ import annotations

import functools
from typing import Any

from flask import Flask, current_app, g
from flask.signals import before_render_template
from jinja2 import nodes

from listings.words import gettext

FIELDS = {
    "field", "money", "textarea", "select", "choose", "radios", "checkbox", "checkboxes", "upload",
}  # fmt: skip


def register(app: Flask) -> None:
    """Remember which template is shown, and let templates ask for a field's name."""
    before_render_template.connect(_remember, app)
    app.jinja_env.globals.update(caption=caption)


def _remember(_app: Flask, template: Any, **_more: Any) -> None:
    g.shown = template.name


def caption(name: str) -> str:
    """The label of a field of the form that is shown, or ``""`` where its form gives none."""
    return gettext(_labels(current_app._get_current_object(), g.shown).get(name, ""))  # type: ignore[attr-defined]  # noqa: SLF001 - the key of a cache


@functools.cache
def _labels(app: Flask, template: str | None) -> dict[str, str]:
    """Field names with their message ids, of one template and the partials beside it."""
    if not template or app.jinja_env.loader is None:
        return {}
    folder = template.rpartition("/")[0]
    found: dict[str, str] = {}
    partials = [
        name
        for name in app.jinja_env.list_templates()
        if name.startswith(f"{folder}/_") and name.endswith(".html")
    ]
    for name in (*partials, template):
        source = app.jinja_env.loader.get_source(app.jinja_env, name)[0]
        found |= _fields(app.jinja_env.parse(source))
    return found


def _fields(tree: nodes.Template) -> dict[str, str]:
    found: dict[str, str] = {}
    for call in tree.find_all(nodes.Call):
        is_field = isinstance(call.node, nodes.Getattr) and call.node.attr in FIELDS
        if is_field and len(call.args) > 1 and isinstance(call.args[0], nodes.Const):
            label = _message(call.args[1])
            if label:
                found[str(call.args[0].value)] = label
    return found


def _message(node: nodes.Expr) -> str:
    """The message id of ``_('…')`` where it has no places for values."""
    if isinstance(node, nodes.Call) and node.args and isinstance(node.args[0], nodes.Const):
        message = str(node.args[0].value)
        return "" if "%(" in message else message
    return ""
