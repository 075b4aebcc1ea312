"""``/saml``: metadata, where a request arrives by either binding, and how a login that SAML asked for ends."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, g, request, url_for

from mock_bank import wire_saml as wire
from mock_bank.answers import Answer
from mock_bank.bank import Bank
from mock_bank.beginning import first_page
from mock_bank.faults import ActiveFaults
from mock_bank.login_states import Enquiry, Login, Problem
from mock_bank.pages_banklink import answer_page
from mock_bank.saml_answers import CONTEXT, Draft, Status, response_of
from mock_bank.saml_idp import SamlIdp
from mock_bank.saml_metadata import metadata_of
from mock_bank.saml_requests import RequestRefused, SamlQuestion, judge
from mock_bank.web import active_faults, faults_in_query, see_other, the_bank, tool

pages = Blueprint("saml", __name__, url_prefix="/saml")
INTERFACE: Final = "saml"
CANCELLED: Final[Status] = ("Responder", "AuthnFailed")
STATUS_OF: Final[dict[Problem, Status]] = {
    Problem.ONE_FACTOR: ("Responder", "NoAuthnContext"),
    Problem.NO_PERSONAL_CODE: ("Responder", "RequestDenied"),
    Problem.COMPANY: ("Responder", "RequestDenied"),
}
"""Why nobody is vouched for; anything else is ``CANCELLED``."""


def the_idp(bank: Bank) -> SamlIdp:
    """The identity provider; 404 where the settings have none."""
    if bank.saml is None:
        abort(HTTPStatus.NOT_FOUND, "this bank is no SAML identity provider")
    return bank.saml


@pages.get("/metadata")
def metadata() -> Response:
    """Who the bank is, signed."""
    bank = the_bank()
    document = metadata_of(the_idp(bank), bank.clock(), active_faults())
    return Response(document, mimetype="application/samlmetadata+xml")


@pages.get("/sso")
def by_redirect() -> Response:
    """A request that came as a query."""
    query = b"&".join(part for part in request.query_string.split(b"&") if not part.startswith(b"fault="))
    return _asked(wire.carried_in_query, query)


@pages.post("/sso")
def by_post() -> Response:
    """A request that came as a form."""
    return _asked(wire.carried_in_form, request.get_data())


def _asked(read: Callable[[bytes], wire.Carried], received: bytes) -> Response:
    bank = the_bank()
    faults = bank.faults_for() | faults_in_query(request.args.getlist("fault"))
    idp = the_idp(bank)
    try:
        question = judge(read(received), idp, faults, bank.clock())
    except (RequestRefused, wire.Malformed) as error:
        bank.record_refused_request("", "")
        where = f" {traceback.format_exc()}" if "err.stack-trace" in faults else ""
        return tool("message.html", HTTPStatus.BAD_REQUEST, title="Request refused", text=f"{error}{where}")
    ending = SamlEnding(question, idp)
    login = _begun(bank, ending)
    if question.passive:
        return ending.refused(login, ("Responder", "NoPassive"))
    if question.contexts and CONTEXT not in question.contexts:
        return ending.refused(login, ("Responder", "NoAuthnContext"))
    return first_page(login)


def _begun(bank: Bank, ending: "SamlEnding") -> Login:
    chosen: ActiveFaults = g.get("asked_faults", ActiveFaults())
    question = ending.question
    enquiry = Enquiry(
        partner=bank.keys.partners[question.provider.settings.partner],
        reference=question.id,
        return_url=question.consumer,
        language="lv",
        interface=INTERFACE,
        ending=ending,
    )
    return bank.desk.begin(enquiry, chosen)


@dataclass(frozen=True, slots=True)
class SamlEnding:
    """A login that an AuthnRequest asked for ends with a Response."""

    question: SamlQuestion
    idp: SamlIdp

    def agreed(self, login: Login) -> Response:
        """The response that vouches for the person."""
        bank, faults = the_bank(), active_faults(login)
        if "sam.no-response" in faults:
            return tool("message.html", title="Finished", text="The bank has nothing more to say.")
        vouched = bank.vouch(login)
        if vouched is None:
            return self.refused(login, CANCELLED)
        draft = self._draft(login)
        draft.identity = vouched.authentication.identity
        return self._sent(login, draft)

    def given_up(self, login: Login) -> Response | None:
        """The response that says that nobody is vouched for."""
        faults = active_faults(login)
        if "err.cancel-dead-end" in faults:
            return None
        if "err.cancel-success" in faults and login.person is not None:
            login.authenticated_at = login.authenticated_at or the_bank().clock()
            return self.agreed(login)
        return self.refused(login, STATUS_OF.get(login.problem, CANCELLED) if login.problem else CANCELLED)

    def way_back(self, login: Login) -> str:
        """A page of ours that sends the browser back with the response."""
        return url_for("login.back", login_id=login.id)

    def refused(self, login: Login, status: Status) -> Response:
        """A response with a status and without an assertion."""
        faults, draft = active_faults(login), self._draft(login)
        draft.status, draft.sign_response = status, "err.cancel-unsigned" not in faults
        if "err.cancel-leaks-person" in faults and login.person is not None:
            draft.message = f"{login.person.personal_code} gave up"
        return self._sent(login, draft)

    def _draft(self, login: Login) -> Draft:
        bank, provider = the_bank(), self.question.provider
        return Draft(
            entity_id=self.idp.settings.entity_id,
            now=bank.clock(),
            consumer=self.question.consumer,
            in_response_to=self._answers(login),
            audience=provider.settings.entity_id,
            key=self.idp.key,
            certificate=self.idp.certificate,
            recipient=provider.encryption,
            authenticated_at=login.authenticated_at or bank.clock(),
        )

    def _answers(self, login: Login) -> str:
        """The ID of the request; by ``err.parallel-mixup`` that of the one before it."""
        with self.idp.guard:
            before, self.idp.request_before = self.idp.request_before, self.question.id
        return before if "err.parallel-mixup" in active_faults(login) and before else self.question.id

    def _sent(self, login: Login, draft: Draft) -> Response:
        bank, faults = the_bank(), active_faults(login)
        text = response_of(draft, faults, bank.strange_key)
        state = [] if "sam.relaystate-drop" in faults or self.question.relay_state is None else [
            ("RelayState", self.question.relay_state)
        ]  # fmt: skip
        if self.question.by_artifact:
            artifact = wire.artifact_of(self.idp.settings.entity_id)
            self.idp.artifacts.keep(artifact, login.partner.id, text)
            query = urlencode([("SAMLart", artifact), *state])
            return see_other(f"{self.question.consumer}?{query}")
        fields = (("SAMLResponse", wire.form_value(text)), *state)
        return answer_page(login, Answer(action=self.question.consumer, fields=fields, charset="UTF-8"))
