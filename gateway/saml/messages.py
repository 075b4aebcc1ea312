"""The messages that the gateway sends, built with pysaml2's classes and signed by its crypto backend."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from lxml import etree
from saml2 import class_name, saml, samlp
from saml2.sigver import CryptoBackend, pre_signature_part

from providers.contract import AssuranceLevel
from providers.saml.document_signer import DocumentSigner
from providers.saml.encryption import encrypt_assertion
from providers.saml.keys import VerifyingKey
from providers.saml.names import BEARER, PERSISTENT, SHA256, STATUS, SUCCESS, URI_NAME
from providers.saml.reading import instant_text

LIFETIME: Final = timedelta(minutes=5)
"""How long an assertion may travel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What is said about a person to one relying party."""

    id: str
    audience: str
    consumer: str
    in_response_to: str
    subject: str
    """The pairwise persistent NameID."""
    session_index: str
    """Towards a relying party of a group its ``sid``; a LogoutRequest of ours names it again."""
    attributes: Mapping[str, str]
    assurance: AssuranceLevel
    authenticated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutQuestion:
    """Which sessions of a person a relying party shall end."""

    id: str
    destination: str
    audience: str
    """The relying party's entity id."""
    subject: str
    """The NameID that it was told."""
    session_indexes: tuple[str, ...]


def new_id() -> str:
    """Make the ID of a message: 160 random bits behind an underscore, since an ID may not begin with a digit."""
    return f"_{secrets.token_hex(20)}"


class Messages:
    """Writes and signs messages in the name of one entity."""

    def __init__(self, entity_id: str, key: DocumentSigner, backend: CryptoBackend) -> None:
        """Sign with one key, which the backend knows by its name."""
        self._entity_id = entity_id
        self.key = key
        self._backend = backend

    def success(self, statement: Statement, recipient: VerifyingKey | None, now: datetime) -> bytes:
        """Make the Response that carries an assertion: each is signed, and the assertion encrypted for who has a key."""
        signed = self._sign(self._assertion(statement, now))
        assertion = etree.tostring(encrypt_assertion(signed, recipient.pem)) if recipient else signed
        response = self._response(statement.consumer, statement.in_response_to, _status(SUCCESS), now)
        # As text: a tree would give the assertion the prefixes of its new parent, and its signature covers its own.
        head, closing, tail = str(response).rpartition("</")
        return self._sign_text(f"{head}{assertion.decode()}{closing}{tail}", response)

    def refusal(
        self, consumer: str, in_response_to: str, status: tuple[str, str | None], text: str, now: datetime
    ) -> bytes:
        """Make the Response that says why nobody signed in."""
        return self._sign(self._response(consumer, in_response_to, _status(*status, text), now))

    def logout_response(
        self, destination: str, in_response_to: str, now: datetime, *, signed: bool, partial: bool = False
    ) -> bytes:
        """Make the answer to a LogoutRequest.

        Args:
            destination: where it goes.
            in_response_to: the request's ID.
            now: the moment.
            signed: whether the signature stands in it; by HTTP-Redirect it stands beside it.
            partial: whether somebody who took part was not told (SAML 2.0 Core 3.7.3.2).
        """
        status = _status(SUCCESS, f"{STATUS}PartialLogout" if partial else None)
        head = self._head(destination, now, signed=signed)
        response = samlp.LogoutResponse(**head, in_response_to=in_response_to, status=status)
        return self._sign(response) if signed else str(response).encode()

    def logout_request(self, question: LogoutQuestion, now: datetime, *, signed: bool) -> bytes:
        """Make a LogoutRequest of our own; ``signed`` as for ``logout_response``."""
        request = samlp.LogoutRequest(
            **self._head(question.destination, now, signed=signed, identifier=question.id),
            not_on_or_after=instant_text(now + LIFETIME),
            name_id=self._name_id(question.subject, question.audience),
            session_index=[samlp.SessionIndex(text=index) for index in question.session_indexes],
        )
        return self._sign(request) if signed else str(request).encode()

    def _assertion(self, statement: Statement, now: datetime) -> Any:
        until = instant_text(now + LIFETIME)
        return saml.Assertion(
            id=statement.id,
            version="2.0",
            issue_instant=instant_text(now),
            issuer=saml.Issuer(text=self._entity_id),
            signature=self._unsigned(statement.id),
            subject=self._subject(statement, until),
            conditions=saml.Conditions(
                not_before=instant_text(now),
                not_on_or_after=until,
                audience_restriction=[saml.AudienceRestriction(audience=[saml.Audience(text=statement.audience)])],
            ),
            authn_statement=[_authn_statement(statement)],
            attribute_statement=[_attributes(statement.attributes)] if statement.attributes else None,
        )

    def _subject(self, statement: Statement, until: str) -> Any:
        data = saml.SubjectConfirmationData(
            not_on_or_after=until, recipient=statement.consumer, in_response_to=statement.in_response_to
        )
        return saml.Subject(
            name_id=self._name_id(statement.subject, statement.audience),
            subject_confirmation=[saml.SubjectConfirmation(method=BEARER, subject_confirmation_data=data)],
        )

    def _name_id(self, subject: str, audience: str) -> Any:
        return saml.NameID(text=subject, format=PERSISTENT, name_qualifier=self._entity_id, sp_name_qualifier=audience)

    def _response(self, consumer: str, in_response_to: str, status: Any, now: datetime) -> Any:
        head = self._head(consumer, now, signed=True)
        return samlp.Response(**head, in_response_to=in_response_to, status=status)

    def _head(self, destination: str, now: datetime, *, signed: bool, identifier: str | None = None) -> dict[str, Any]:
        identifier = identifier or new_id()
        return {
            "id": identifier,
            "version": "2.0",
            "issue_instant": instant_text(now),
            "destination": destination,
            "issuer": saml.Issuer(text=self._entity_id),
            "signature": self._unsigned(identifier) if signed else None,
        }

    def _unsigned(self, identifier: str) -> Any:
        return pre_signature_part(identifier, sign_alg=self.key.algorithm, digest_alg=SHA256)

    def _sign(self, message: Any) -> bytes:
        return self._sign_text(str(message), message)

    def _sign_text(self, text: str, message: Any) -> bytes:
        signed: str = self._backend.sign_statement(text, class_name(message), self.key.name, message.id)
        return signed.encode()


def _status(value: str, second: str | None = None, text: str | None = None) -> Any:
    code = samlp.StatusCode(value=value, status_code=samlp.StatusCode(value=second) if second else None)
    return samlp.Status(status_code=code, status_message=samlp.StatusMessage(text=text) if text else None)


def _authn_statement(statement: Statement) -> Any:
    context = saml.AuthnContextClassRef(text=statement.assurance.uri)
    return saml.AuthnStatement(
        authn_instant=instant_text(statement.authenticated_at),
        session_index=statement.session_index,
        authn_context=saml.AuthnContext(authn_context_class_ref=context),
    )


def _attributes(attributes: Mapping[str, str]) -> Any:
    return saml.AttributeStatement(
        attribute=[
            saml.Attribute(name=name, name_format=URI_NAME, attribute_value=[saml.AttributeValue(text=value)])
            for name, value in attributes.items()
        ]
    )
