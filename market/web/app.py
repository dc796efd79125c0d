"""The roof: one Flask application over the register, the valuation and the trade."""

from __future__ import annotations

import os
import secrets
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from flask import Flask, Response, g, redirect, request, session, url_for
from flask_babel import Babel
from flask_login import LoginManager, current_user
from flask_wtf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from listings import blobs, db, words
from market import __version__, resources
from market.web import addresses, captions, errors, formats, forms, guard, places

MODULES = (
    "health_check",
    "catalogue",
    "lots",
    "drafts",
    "sales",
    "bids",
    "claims",
    "deposits",
    "language",
    "signin",
    "organisations",
    "people",
    "licences",
    "desk",
    "home",
    "sites",
    "pack_types",
    "fleet",
    "telemetry",
    "packs",
    "imports",
    "reports",
    "reporting",
    "part_reports",
    "bms_claims",
    "destinations",
    "policies",
    "guides",
    "editions",
    "edition_sheets",
    "price_points",
    "differences",
    "feeds",
    "indices",
    "index_entry",
    "access_tokens",
    "outlook",
    "values",
    "parameters",
    "panels",
    "consultations",
    "standing",
    "complaints",
    "conflicts",
    "pack_values",
    "what_ifs",
    "references",
    "scoreboard",
    "comparables",
    "market_index",
    "ceilings",
    "awards",
    "contracts",
    "invoices",
    "payments",
    "bank",
    "ledger",
    "handovers",
    "acceptance",
    "device_keys",
    "device_signing",
    "custody",
    "public",
    "report_checks",
)
MOST_UPLOAD = 600 * 1024 * 1024
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self' https://checkout.stripe.com; "
    "frame-ancestors 'none'; base-uri 'none'; manifest-src 'self'"
)


def secret_key(folder: Path) -> str:
    """The key that signs session cookies: SECRET_KEY, else one kept beside the data."""
    given = os.environ.get("SECRET_KEY")
    if given:
        return given
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / "session.key"
    try:
        with os.fdopen(os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
    except FileExistsError:
        pass
    return kept.read_text()


def choose_locale() -> str:
    """What the person chose, else what the browser asks for, else Chinese."""
    chosen = session.get("language")
    if chosen in words.LOCALES:
        return str(chosen)
    best = request.accept_languages.best_match(["zh-CN", "zh", "en"], default="zh")
    return "en" if best == "en" else "zh_Hans_CN"


def configure(app: Flask) -> None:
    """What Flask and its extensions are told; docs/operate/settings.md names the environment."""
    app.config.update(
        SECRET_KEY=secret_key(blobs.folder().parent),
        SESSION_COOKIE_NAME="packbourse",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=os.environ.get("PUBLIC_URL", "").startswith("https://"),
        PERMANENT_SESSION_LIFETIME=timedelta(hours=12),
        MAX_CONTENT_LENGTH=MOST_UPLOAD,
        MAX_FORM_MEMORY_SIZE=4 * 1024 * 1024,
        MAX_FORM_PARTS=5_000,
        WTF_CSRF_TIME_LIMIT=None,
        BABEL_TRANSLATION_DIRECTORIES=str(words.CATALOGUES),
        BABEL_DEFAULT_LOCALE="zh_Hans_CN",
        BABEL_DEFAULT_TIMEZONE="Asia/Shanghai",
    )


def create_app(**config: Any) -> Flask:
    """The application. The process has called `db.connect` before it serves a request.

    ``CLOCK`` may replace the server's clock (tests).
    """
    words.compile_catalogues()
    app = Flask(
        "market.web",
        template_folder=str(resources.root("templates")),
        static_folder=str(resources.root("static")),
    )
    configure(app)
    app.config.update(config)
    if os.environ.get("TRUSTED_PROXIES"):
        hops = int(os.environ["TRUSTED_PROXIES"])
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops
        )
    app.url_map.converters["int"] = addresses.RowNumber
    app.before_request(addresses.demand_readable)
    CSRFProtect(app)
    Babel(app, locale_selector=choose_locale)
    login = LoginManager(app)
    login.session_protection = None
    login.user_loader(guard.load)
    app.before_request(begin)
    app.after_request(harden)
    errors.register(app)
    formats.register(app)
    captions.register(app)
    furnish(app)
    for name in MODULES:
        app.register_blueprint(import_module(f"market.web.{name}").blueprint)
    return app


def furnish(app: Flask) -> None:
    """Give the templates what every page uses."""
    app.jinja_env.add_extension("jinja2.ext.do")
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(
        acting=guard.acting_or_none,
        is_recent=guard.is_recent,
        form_errors=forms.errors,
        typed=forms.typed,
        ticked=forms.ticked,
        say_error=words.say,
        version=__version__,
        locales=words.LOCALES,
        now=guard.now,
        places=places.places,
        own_places=places.own_places,
    )
    app.context_processor(around)


def begin() -> Response | None:
    """Speak the person's language from here on."""
    words.speak(choose_locale())
    g.language = words.locale()
    return None


def around() -> dict[str, object]:
    """What every page shows around its own content."""
    found = guard.acting_or_none()
    if found is None:
        return {"organisation": None, "person": current_user}
    from listings.parties import Organisation

    with db.transaction() as reading:
        organisation = reading.get(Organisation, found.organisation_id)
    return {"organisation": organisation, "person": current_user}


def harden(response: Response) -> Response:
    """The headers that keep a page to itself."""
    headers = response.headers
    headers.setdefault("Content-Security-Policy", POLICY)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(self), geolocation=(), microphone=()")
    if request.is_secure:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if not request.path.startswith("/static/") and current_user.is_authenticated:
        headers.setdefault("Cache-Control", "no-store")
    if response.mimetype == "text/html":
        headers.setdefault("Content-Language", "en" if g.get("language") == "en" else "zh-CN")
        headers.add("Vary", "HX-Request")
    return response


def go(endpoint: str, **values: Any) -> Any:
    """On to another page after a change (303)."""
    return redirect(url_for(endpoint, **values), 303)
