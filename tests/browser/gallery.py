"""Every page a person can meet, with made-up content, on a real port: for the browser tests and the screenshots."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from threading import Thread
from typing import Final

from flask import Flask, Response, request
from werkzeug.serving import make_server

from gateway.broker.session import Standing
from gateway.web.assets import assets
from gateway.web.headers import secure_headers
from gateway.web.page_values import (
    AttendedView,
    ConfirmSignOutView,
    PortalLine,
    SessionLine,
    SessionsView,
    SignedOutView,
)
from gateway.web.pages import (
    Choice,
    ChoicesView,
    DepartureView,
    Notice,
    NoticeView,
    RefusalView,
    render_attended,
    render_choices,
    render_confirm_sign_out,
    render_departure,
    render_notice,
    render_refusal,
    render_sessions,
    render_signed_out,
)
from providers.contract import (
    AppPage,
    Availability,
    CodePage,
    DevicePage,
    FormDeparture,
    Language,
    ProviderKind,
    RedirectDeparture,
)
from providers.contract import Page as AttendedPage

NONCE: Final = "Zm9yIHRlc3RzIG9ubHk"
OTHER_NONCE: Final = "bm90LWluLXRoZS1oZWFkZXI"
PORTALS: Final = {
    Language.LATVIAN: "Izsoļu dalībnieku reģistrs",
    Language.ENGLISH: "Register of Auction Participants",
}
SINCE: Final = datetime(2026, 11, 24, 6, 40, tzinfo=UTC)
UNTIL: Final = datetime(2026, 11, 24, 20, 5, tzinfo=UTC)


def _choices(language: Language) -> tuple[Choice, ...]:
    return (
        Choice(id="jura-banka", name="Jūras banka"),
        Choice(id="meza-banka", name="Meža banka", last_used=True),
        Choice(
            id="pilsetas-banka", name="Pilsētas banka", state=Availability.DEGRADED, planned=("25.11. 01:00–03:00",)
        ),
        Choice(id="upes-banka", name="Upes banka", state=Availability.DOWN, since=SINCE),
        Choice(id="card", name="eID", kind=ProviderKind.CARD),
        Choice(id="phone", name="Smart-ID", kind=ProviderKind.APP, state=Availability.DOWN, answers=False),
        Choice(id="weak", name="Parole", kind=ProviderKind.APP, too_weak=True),
    )


def _choices_view(language: Language, choices: tuple[Choice, ...]) -> str:
    other = Language.ENGLISH if language is Language.LATVIAN else Language.LATVIAN
    return render_choices(
        ChoicesView(
            language=language,
            portal=PORTALS[language],
            choices=choices,
            action="/posted",
            cancel_action="/posted",
            forget_action="/posted",
            other_language_url=f"/{other}/choices",
            valid_until=UNTIL,
            stays_signed_in=bool(choices),
        )
    )


def _departure(language: Language) -> str:
    fields = (("VK_SERVICE", "4012"), ("VK_NOTE", 'Ā"<b>&'))
    return _leaving(language, FormDeparture(action="/posted", fields=fields, charset="UTF-8", message=b""))


def _leaving(language: Language, departure: FormDeparture | RedirectDeparture) -> str:
    return render_departure(
        DepartureView(
            language=language,
            provider="Meža banka",
            departure=departure,
            script_nonce=NONCE if "script" in request.args else OTHER_NONCE,
            another_way_url=f"/{language}/choices",
        )
    )


def _attended(language: Language, shown: AttendedPage) -> str:
    return render_attended(
        AttendedView(
            language=language,
            provider="Smart-ID",
            portal=PORTALS[language],
            page=shown,
            action=f"/{language}/choices",
            state_url="/state",
            continue_url="/posted",
            another_way_url=f"/{language}/choices",
            cancel_action="/posted",
            script_nonce=NONCE,
        )
    )


def _refusal(language: Language, reason: str, *, portal: bool = True) -> str:
    return render_refusal(
        RefusalView(
            language=language,
            reason=reason,
            incident="7KQ2-9XMB",
            portal=PORTALS[language] if portal else None,
            provider="Meža banka",
            another_way_action="/posted" if portal else None,
            return_action="/posted" if portal else None,
        )
    )


def _notice(language: Language, notice: Notice) -> str:
    return render_notice(NoticeView(language=language, notice=notice, portal=PORTALS[language], return_url="/posted"))


def _sessions(language: Language) -> str:
    line = SessionLine(
        group="registers", provider="Meža banka", portals=(PORTALS[language], "Otrs portāls"), since=SINCE, until=UNTIL
    )
    return render_sessions(
        SessionsView(
            language=language,
            sessions=(line, replace(line, group="others", portals=("Trešais portāls",))),
            action="/posted",
            other_language_url=f"/{_other(language)}/sessions",
        )
    )


def _signed_out(language: Language, *standings: Standing) -> str:
    return render_signed_out(
        SignedOutView(
            language=language,
            portals=tuple(
                PortalLine(portal=f"{PORTALS[language]} {number}", standing=standing, home="/posted")
                for number, standing in enumerate(standings)
            ),
            other_language_url=f"/{_other(language)}/signed-out",
            again_url="/posted" if Standing.TO_BE_TOLD in standings else None,
            visit_url="/posted" if Standing.TO_VISIT in standings else None,
            portal=PORTALS[language],
            return_url="/posted",
        )
    )


def _other(language: Language) -> Language:
    return Language.ENGLISH if language is Language.LATVIAN else Language.LATVIAN


PAGES: Final[Mapping[str, Callable[[Language], str]]] = {
    "choices": lambda language: _choices_view(language, _choices(language)),
    "choices-none": lambda language: _choices_view(language, ()),
    "departure": _departure,
    "departure-link": lambda language: _leaving(language, RedirectDeparture(location="/posted?state=0f")),
    "device": lambda language: _attended(language, DevicePage()),
    "code": lambda language: _attended(language, CodePage()),
    "code-wrong": lambda language: _attended(language, CodePage(wrong=True)),
    "app-qr": lambda language: _attended(language, AppPage(device_link="https://app.example/link?n=1")),
    "app-code": lambda language: _attended(language, AppPage(verification_code="4317")),
    "app-here": lambda language: _attended(language, AppPage(same_device_link="https://app.example/link?n=2")),
    "sessions": _sessions,
    "confirm-sign-out": lambda language: render_confirm_sign_out(
        ConfirmSignOutView(language=language, portal=PORTALS[language], action="/posted", hidden=(("state", "s"),))
    ),
    "signed-out": lambda language: _signed_out(language, *list(Standing)[1:]),
    "signed-out-of-all": lambda language: _signed_out(language, Standing.ITSELF, Standing.TOLD),
    "refusal": lambda language: _refusal(language, "provider_busy"),
    "refusal-cancelled": lambda language: _refusal(language, "cancelled"),
    "refusal-without-portal": lambda language: _refusal(language, "registered_redirect_uri", portal=False),
    **{f"notice-{notice.value}": lambda language, notice=notice: _notice(language, notice) for notice in Notice},
}
"""By name; each is at ``/<language>/<name>``."""


def gallery() -> Flask:
    """Make an application of nothing but pages; what a form posts comes back as text."""
    app = Flask("gallery")
    app.register_blueprint(assets)
    visited: set[str] = set()

    @app.get("/<language>/<name>")
    def show(language: str, name: str) -> Response:
        first = request.full_path not in visited
        visited.add(request.full_path)
        blocked = first and request.args.get("script") == "second-visit"
        headers = secure_headers(
            "text/html; charset=utf-8", script_nonce=OTHER_NONCE if blocked else NONCE, fetches=name.startswith("app")
        )
        return Response(PAGES[name](Language(language)), headers=headers)

    @app.get("/favicon.ico")
    def favicon() -> tuple[str, int]:
        """Asked for by a browser that shows what was posted, which names no icon."""
        return "", 204

    @app.get("/state")
    def state() -> dict[str, object]:
        return {"over": False, "content": "<p>…</p>"}

    @app.route("/posted", methods=["GET", "POST"])
    def posted() -> Response:
        fields = "".join(f"{name}={value}\n" for name, value in request.form.items())
        return Response(f"{request.method}\n{fields}", content_type="text/plain; charset=utf-8")

    return app


@contextmanager
def gallery_server() -> Iterator[str]:
    """Serve the gallery on a free loopback port; gives its address."""
    server = make_server("127.0.0.1", 0, gallery(), threaded=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
