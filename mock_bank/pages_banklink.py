"""``/banklink``: where a partner's request arrives, is judged, and becomes a login or a page that says why not."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl

from flask import Blueprint, Response, g, render_template, request

from mock_bank import wire_banklink as wire
from mock_bank.answers import Answer
from mock_bank.asked import Asked, asked
from mock_bank.beginning import KNOWN_PERSON, first_page
from mock_bank.faults import ActiveFaults
from mock_bank.login_states import Enquiry, Login
from mock_bank.request_checks import Verdict, judge
from mock_bank.texts import in_language
from mock_bank.web import (
    ANSWER_POLICY,
    active_faults,
    faults_in_query,
    the_bank,
    tool,
    unescaped,
)

pages = Blueprint("banklink", __name__)
LANGUAGES: Final = {"LAT": "lv", "ENG": "en"}


@pages.route("/banklink", methods=["GET", "POST"])
def arrive() -> Response:
    """Take a request from a partner's page."""
    faults = the_bank().faults_for() | faults_in_query(request.args.getlist("fault"))
    body = request.get_data() if request.method == "POST" else request.query_string
    if request.method == "GET" and "bnk.accept-get-request" not in faults:
        return tool("get.html", HTTPStatus.METHOD_NOT_ALLOWED)
    try:
        message = wire.parse_form(body)
    except wire.Malformed as error:
        return _refused(body, None, (Verdict(1, "form", str(error)),))
    return _judged(body, _asked(message, faults))


def _asked(message: wire.Message, faults: ActiveFaults) -> Asked:
    bank = the_bank()
    return asked(
        message,
        bank_id=bank.settings.id,
        partners=bank.keys.partners,
        now=bank.clock(),
        faults=faults,
        method=request.method,
    )


def _judged(body: bytes, question: Asked) -> Response:
    verdicts = judge(question)
    if any(verdict.failure for verdict in verdicts):
        if "bnk.crash-long-field" in question.faults and _has_long_value(question):
            raise RuntimeError("an over-long value, as the fault bnk.crash-long-field asks")
        return _refused(body, question, verdicts)
    the_bank().inbox.keep(question.now, body, refused=False)
    return _begun(question)


def _has_long_value(question: Asked) -> bool:
    return any(len(value) > 255 for name, value in question.fields.items() if name != "VK_MAC")


def _refused(body: bytes, question: Asked | None, verdicts: tuple[Verdict, ...]) -> Response:
    bank, fields = the_bank(), question.fields if question else {}
    received = bank.inbox.keep(bank.clock(), body, refused=True)
    if "aud.no-refusals" not in bank.faults_for():
        bank.record_refused_request(fields.get("VK_SND_ID", ""), fields.get("VK_NONCE", ""))
    reflect = "bnk.reflect-markup" in active_faults()
    return tool(
        "refused_request.html",
        HTTPStatus.BAD_REQUEST,
        verdicts=verdicts,
        received=received,
        shown={name: unescaped(value) if reflect else value for name, value in fields.items()},
        **_computed(question),
    )


def _computed(question: Asked | None) -> dict[str, str]:
    try:
        text = question.mac_string if question else ""
    except wire.Malformed as error:
        return {"mac_string": str(error), "digest": "", "hash_name": ""}
    if question is None:
        return {"mac_string": "", "digest": "", "hash_name": ""}
    encoded = text.encode(question.message.charset, errors="replace")
    return {"mac_string": text, "digest": wire.digest(encoded, question.hash_name), "hash_name": question.hash_name}


def _begun(question: Asked) -> Response:
    bank, partner = the_bank(), question.partner or next(iter(the_bank().keys.partners.values()))
    fields = dict(question.fields)
    if "bnk.query-override" in question.faults:
        fields |= {
            name: value for name, value in parse_qsl(request.query_string.decode("latin-1")) if name == "VK_RETURN"
        }
    language = LANGUAGES.get(fields.get("VK_LANG", ""), "lv")
    chosen: ActiveFaults = g.get("asked_faults", ActiveFaults())
    enquiry = Enquiry(
        partner=partner,
        reference=fields.get("VK_NONCE") or fields.get("VK_RID") or "",
        return_url=fields.get("VK_RETURN", ""),
        language=language,
        interface="banklink",
        ending=BanklinkEnding(fields, question.message.charset),
    )
    login = bank.desk.begin(enquiry, chosen)
    return first_page(login)


@dataclass(frozen=True, slots=True)
class BanklinkEnding:
    """A login that a 4012 or 4011 asked for ends with the answer that belongs to it."""

    fields: Mapping[str, str]
    """The request, as checked."""
    charset: str
    """Python's name of the charset that it was in."""

    def agreed(self, login: Login) -> Response:
        """The form with the answer."""
        return answer_page(login, the_bank().answer(login, self.fields, self.charset))

    def given_up(self, login: Login) -> None:
        """Nothing: banklink has no cancel answer."""
        del login

    def way_back(self, login: Login) -> str:
        """The address that the answer would have gone to."""
        return login.return_url


def answer_page(login: Login, answer: Answer | None) -> Response:
    """The form that carries the answer back; it submits itself and has a button for browsers without scripts."""
    faults, t = active_faults(login), in_language(login.language)
    if answer is None or "bnk.no-response" in faults:
        status = HTTPStatus.CONFLICT if answer is None else HTTPStatus.OK
        body = render_template("message.html", language=login.language, title=t["finished"], text=t["finished-text"],
                               bank=the_bank(), faults=faults)  # fmt: skip
        return Response(body, status=status, mimetype="text/html")
    body = render_template("answer.html", language=login.language, answer=answer, t=t, bank=the_bank(), faults=faults,
                           twice="ans.twice" in faults)  # fmt: skip
    response = Response(body, mimetype="text/html")
    insecure = " http:" if answer.action.startswith("http:") else ""
    response.headers["Content-Security-Policy"] = ANSWER_POLICY + insecure
    if "mfa.fresh-authtime" in faults and login.person:
        response.set_cookie(KNOWN_PERSON, login.person.user_number, secure=True, httponly=True, samesite="None")
    return response
