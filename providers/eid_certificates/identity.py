"""Whom a certificate names (eid-providers.md 2.1, 3, 4.2; T37).

The subject is read as ASN.1, never as printed text: each attribute exactly once, each in an RDN of its own.
"""

import re
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.x509.oid import NameOID

from providers.eid_certificates.refusal import refuse
from providers.names import NameRefused, normalise_name
from providers.personal_code import LATVIA, CodeStructure, InvalidPersonalCode, PersonalCode, parse_personal_code
from providers.refusals import Reason

_IDENTIFIER: Final = re.compile(r"([A-Z]{2}[A-Z:])([A-Z]{2})-(.+)", re.ASCII)
_CIVIC_REGISTER: Final = "PNO"
ONLY_LATVIA: Final = frozenset({LATVIA})


@dataclass(frozen=True, slots=True, kw_only=True)
class CertifiedPerson:
    """A person as their certificate names them."""

    personal_code: PersonalCode
    given_name: str
    family_name: str

    @property
    def flags(self) -> frozenset[str]:
        """Remarks for the audit record."""
        return self.personal_code.flags


def person_in(
    certificate: x509.Certificate,
    *,
    countries: frozenset[str] = ONLY_LATVIA,
    structure: CodeStructure = CodeStructure.REJECT,
) -> CertifiedPerson:
    """The person in a certificate that was verified before.

    Args:
        certificate: of a person.
        countries: whose personal codes are taken, ISO 3166-1 alpha-2; the identifier decides which it is.
        structure: whether a Latvian code that cannot have been issued is refused.

    Raises:
        AssertionRejected: ``identity_incomplete``: a name or code is missing, repeated, malformed or foreign.
    """
    values = single_attributes(certificate)
    try:
        return CertifiedPerson(
            personal_code=parse_identifier(values[NameOID.SERIAL_NUMBER], countries=countries, structure=structure),
            given_name=normalise_name(values[NameOID.GIVEN_NAME]),
            family_name=normalise_name(values[NameOID.SURNAME]),
        )
    except (InvalidPersonalCode, NameRefused) as error:
        refuse(Reason.IDENTITY_INCOMPLETE, str(error))


_WANTED: Final = {
    NameOID.SERIAL_NUMBER: "serialNumber",
    NameOID.GIVEN_NAME: "givenName",
    NameOID.SURNAME: "surname",
}


def single_attributes(certificate: x509.Certificate) -> dict[x509.ObjectIdentifier, str]:
    """Code, given name and surname of the subject, each standing exactly once and by itself.

    Raises:
        AssertionRejected: ``identity_incomplete``.
    """
    try:
        subject = certificate.subject
    except ValueError:  # a string whose bytes are not of its declared type
        refuse(Reason.IDENTITY_INCOMPLETE, "the subject cannot be decoded")
    if any(len(rdn) > 1 for rdn in subject.rdns):
        refuse(Reason.IDENTITY_INCOMPLETE, "the subject has an RDN of several values")
    return {oid: _only(subject, oid, name) for oid, name in _WANTED.items()}


def _only(subject: x509.Name, oid: x509.ObjectIdentifier, name: str) -> str:
    found = subject.get_attributes_for_oid(oid)
    if len(found) != 1 or not isinstance(found[0].value, str):
        refuse(Reason.IDENTITY_INCOMPLETE, f"{name} must stand in the subject exactly once")
    return found[0].value


def parse_identifier(
    text: str, *, countries: frozenset[str] = ONLY_LATVIA, structure: CodeStructure = CodeStructure.REJECT
) -> PersonalCode:
    """The personal code in a semantics identifier of ETSI EN 319 412-1, such as ``PNOLV-150382-01230``.

    Args:
        text: the whole identifier; it is split at its first hyphen and nowhere else.
        countries: as in ``person_in``.
        structure: as in ``person_in``.

    Raises:
        InvalidPersonalCode: another type, another country, or no code of that country; the text is not repeated.
    """
    found = _IDENTIFIER.fullmatch(text)
    if found is None:
        raise InvalidPersonalCode("the identifier must be a type, a country, a hyphen and a value")
    kind, country, value = found.groups()
    if kind != _CIVIC_REGISTER:
        raise InvalidPersonalCode("the identifier must be of type PNO, the number in a civic register")
    if country not in countries:
        raise InvalidPersonalCode(f"identifiers of {country} are not taken from this provider")
    if value != value.strip():
        raise InvalidPersonalCode("the identifier has a blank at its end")
    return parse_personal_code(value, country=country, structure=structure)
