"""The bank's Response: drafted, bent by the faults that act before signing, written and signed, and bent again.

With no fault it is what SAML 2.0 Profiles 4.1.4.2 and eid-providers.md 9.4 ask for: assertion signed, then encrypted,
response signed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from mock_bank import wire_saml as wire
from mock_bank.faults import ActiveFaults
from mock_bank.identities import Identity

CLAIMS: Final = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"
LEVEL: Final = "http://ivis.eps.gov.lv/schema/identity/claims/citizenQAALevel"
CONTEXT: Final = "http://eidas.europa.eu/LoA/substantial"
MINUTES_5: Final = 300
Status = tuple[str, str]
"""Outer and inner status code, without their common beginning."""


@dataclass(slots=True, kw_only=True)
class Draft:
    """A response in the making."""

    entity_id: str
    now: datetime
    consumer: str
    in_response_to: str | None
    audience: str
    key: rsa.RSAPrivateKey
    certificate: x509.Certificate
    recipient: x509.Certificate | None
    """For whom the assertion is encrypted; None leaves it in clear."""
    identity: Identity | None = None
    """None where nobody is vouched for."""
    status: Status = ("Success", "")
    message: str = ""
    issuer: str = ""
    destination: str = ""
    confirmed_at: str = ""
    context: str | None = CONTEXT
    level: str = "3"
    authenticated_at: datetime
    confirmation_seconds: int = MINUTES_5
    conditions: bool = True
    assertions: int = 1
    sign_assertion: bool = True
    sign_response: bool = True
    sha1: bool = False
    cbc: bool = False
    comment: bool = False
    code_twice: bool = False
    repeated_id: bool = False
    doctype: bool = False
    response_id: str = field(default_factory=wire.new_id)

    def __post_init__(self) -> None:
        """What is not said otherwise is as the request asked."""
        self.issuer = self.issuer or self.entity_id
        self.destination = self.destination or self.consumer
        self.confirmed_at = self.confirmed_at or self.consumer


Bend = Callable[[Draft], None]


def _put(**changes: object) -> Bend:
    def bend(draft: Draft) -> None:
        for name, value in changes.items():
            setattr(draft, name, value)

    return bend


def _an_hour_ago(draft: Draft) -> None:
    draft.authenticated_at -= timedelta(hours=1)


def _level_low(draft: Draft) -> None:
    draft.context, draft.level = "http://eidas.europa.eu/LoA/low", "2"


def _nobody(*status: str) -> Bend:
    return _put(identity=None, status=status)


BENT: Final[Mapping[str, Bend]] = {
    "sam.unsigned-assertion": _put(sign_assertion=False),
    "sam.sha1": _put(sha1=True),
    "sam.dup-id": _put(repeated_id=True),
    "sam.two-assertions": _put(assertions=2),
    "sam.wrong-issuer": _put(issuer="https://other.example/saml"),
    "sam.wrong-destination": _put(destination="https://other.example/acs"),
    "sam.no-inresponseto": _put(in_response_to=None),
    "sam.wrong-recipient": _put(confirmed_at="https://other.example/acs"),
    "sam.long-confirmation": _put(confirmation_seconds=86_400),
    "sam.no-conditions": _put(conditions=False),
    "sam.wrong-audience": _put(audience="https://other.example/sp"),
    "sam.old-authninstant": _an_hour_ago,
    "sam.comment-in-value": _put(comment=True),
    "sam.doctype": _put(doctype=True),
    "sam.enc-cbc": _put(cbc=True),
    "sam.no-encryption": _put(recipient=None),
    "sam.unsigned": _put(sign_assertion=False, sign_response=False),
    "sam.error-with-assertion": _put(status=("Responder", "AuthnFailed")),
    "sam.busy": _nobody("Responder", ""),
    "sam.refuses-us": _nobody("Requester", "RequestUnsupported"),
    "sam.unknown-person": _nobody("Responder", "UnknownPrincipal"),
    "sam.unknown-status": _nobody("Responder", "OnlyThisBankKnows"),
    "mfa.no-acr": _put(context=None),
    "mfa.low-acr": _level_low,
    "att.duplicate-attr": _put(code_twice=True),
}
"""``sam.foreign-key`` changes the key, which the bank holds."""


def response_of(draft: Draft, faults: ActiveFaults, strange_key: Callable[[int], rsa.RSAPrivateKey]) -> str:
    """The finished document."""
    for name, bend in BENT.items():
        if name in faults:
            bend(draft)
    if "sam.foreign-key" in faults:
        draft.key = strange_key(3072)
    inside = "".join(_assertion(draft) for _ in range(draft.assertions)) if draft.identity else ""
    text = _response(draft, inside)
    if draft.sign_response:
        text = wire.signed(text, draft.response_id, draft.key, draft.certificate, sha1=draft.sha1)
    else:
        text = text.replace(wire.PLACE, "")
    return f"<!DOCTYPE Response>{text}" if draft.doctype else text


def _response(draft: Draft, assertions: str) -> str:
    outer, inner = draft.status
    code = wire.element("samlp:StatusCode", {"Value": f"{wire.STATUS}{inner}"}) if inner else ""
    status = wire.element("samlp:StatusCode", {"Value": f"{wire.STATUS}{outer}"}, code)
    said = wire.text("samlp:StatusMessage", draft.message) if draft.message else ""
    double = f'<samlp:Extensions><x xmlns="urn:x" Id="{draft.response_id}"/></samlp:Extensions>'
    return wire.element(
        "samlp:Response",
        {
            "xmlns:samlp": wire.P, "xmlns:saml": wire.A, "ID": draft.response_id, "Version": "2.0",
            "IssueInstant": wire.written(draft.now), "Destination": draft.destination, **_answers(draft),
        },
        f"{_issuer(draft)}{wire.PLACE}{double if draft.repeated_id else ''}<samlp:Status>{status}{said}</samlp:Status>"
        f"{assertions}",
    )  # fmt: skip


def _answers(draft: Draft) -> dict[str, str]:
    return {} if draft.in_response_to is None else {"InResponseTo": draft.in_response_to}


def _issuer(draft: Draft) -> str:
    return wire.text("saml:Issuer", draft.issuer)


def _assertion(draft: Draft) -> str:
    identifier = wire.new_id()
    text = wire.element(
        "saml:Assertion",
        {"xmlns:saml": wire.A, "ID": identifier, "Version": "2.0", "IssueInstant": wire.written(draft.now)},
        f"{_issuer(draft)}{wire.PLACE if draft.sign_assertion else ''}{_subject(draft)}{_conditions(draft)}"
        f"{_statement(draft)}{_attributes(draft)}",
    )
    if draft.sign_assertion:
        text = wire.signed(text, identifier, draft.key, draft.certificate, sha1=draft.sha1)
    if draft.comment and draft.identity:
        code = draft.identity.personal_code
        text = text.replace(code, code.replace("-", "<!-- x -->-", 1))  # canonicalisation does not see it
    return wire.encrypted(text, draft.recipient, cbc=draft.cbc) if draft.recipient else text


def _subject(draft: Draft) -> str:
    until = wire.later(draft.now, draft.confirmation_seconds)
    data = wire.element(
        "saml:SubjectConfirmationData", {"Recipient": draft.confirmed_at, "NotOnOrAfter": until, **_answers(draft)}
    )
    bearer = wire.element("saml:SubjectConfirmation", {"Method": "urn:oasis:names:tc:SAML:2.0:cm:bearer"}, data)
    transient = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
    name = wire.element("saml:NameID", {"Format": transient}, wire.new_id())
    return f"<saml:Subject>{name}{bearer}</saml:Subject>"


def _conditions(draft: Draft) -> str:
    if not draft.conditions:
        return ""
    audience = wire.element("saml:AudienceRestriction", {}, wire.text("saml:Audience", draft.audience))
    window = {"NotBefore": wire.later(draft.now, -30), "NotOnOrAfter": wire.later(draft.now, MINUTES_5)}
    return wire.element("saml:Conditions", window, audience)


def _statement(draft: Draft) -> str:
    stated = wire.text("saml:AuthnContextClassRef", draft.context) if draft.context else ""
    context = wire.element("saml:AuthnContext", {}, stated)
    moments = {"AuthnInstant": wire.written(draft.authenticated_at), "SessionIndex": wire.new_id()}
    return wire.element("saml:AuthnStatement", moments, context)


def _attributes(draft: Draft) -> str:
    who = draft.identity or Identity("", "", "")
    code = wire.attribute(f"{CLAIMS}/privatepersonalidentifier", who.personal_code)
    fields = (
        wire.attribute(f"{CLAIMS}/givenname", who.given_name),
        wire.attribute(f"{CLAIMS}/surname", who.family_name),
        code * (2 if draft.code_twice else 1),
        wire.attribute(LEVEL, draft.level),
    )
    return f"<saml:AttributeStatement>{''.join(fields)}</saml:AttributeStatement>"
