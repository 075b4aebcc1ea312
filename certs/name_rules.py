"""Rules about whom a certificate names."""

import ipaddress
from collections.abc import Iterator
from typing import Final

from cryptography import x509

from certs.extensions import extension_of
from certs.profiles import Names, Profile


def subject(certificate: x509.Certificate, _profile: Profile, _issuer: x509.Certificate) -> Iterator[str]:
    """Not empty."""
    if not certificate.subject.rdns:
        yield "the subject is empty"


def issuer_name(certificate: x509.Certificate, _profile: Profile, issuer: x509.Certificate) -> Iterator[str]:
    """The issuer's subject, attribute by attribute."""
    if certificate.issuer != issuer.subject:
        yield f"the issuer is named {certificate.issuer.rfc4514_string()}, not {issuer.subject.rfc4514_string()}"


def alternative_name(certificate: x509.Certificate, profile: Profile, _issuer: x509.Certificate) -> Iterator[str]:
    """Names of the kinds the profile asks for."""
    found = extension_of(certificate, x509.SubjectAlternativeName)
    names = tuple(found.value) if found else ()
    allowed = _KINDS[profile.names]
    if profile.names is not Names.NONE and not names:
        yield f"there is no subject alternative name; asked for is {profile.names.value}"
    for name in names:
        if not isinstance(name, allowed):
            yield f"the subject alternative name {name.value!r} is not of a kind asked for: {profile.names.value}"


_KINDS: Final[dict[Names, tuple[type[x509.GeneralName], ...]]] = {
    Names.NONE: (),
    Names.HOSTS: (x509.DNSName, x509.IPAddress),
    Names.ANY: (x509.DNSName, x509.IPAddress, x509.UniformResourceIdentifier),
}


def permitted_names(certificate: x509.Certificate, _profile: Profile, issuer: x509.Certificate) -> Iterator[str]:
    """Only names that the issuer may issue for."""
    limits, names = extension_of(issuer, x509.NameConstraints), extension_of(certificate, x509.SubjectAlternativeName)
    if limits is None or names is None:
        return
    for name in names.value:
        subtrees = [each for each in limits.value.permitted_subtrees or () if isinstance(each, type(name))]
        if subtrees and not any(_lies_in(name, each) for each in subtrees):
            allowed = ", ".join(str(each.value) for each in subtrees)
            yield f"{name.value} is outside what its issuer may issue for: {allowed}"


def _lies_in(name: x509.GeneralName, subtree: x509.GeneralName) -> bool:
    if isinstance(name, x509.DNSName) and isinstance(subtree, x509.DNSName):
        return f".{name.value}".endswith(f".{subtree.value}")
    if isinstance(name, x509.IPAddress) and isinstance(subtree, x509.IPAddress):
        network = subtree.value
        return isinstance(network, ipaddress.IPv4Network | ipaddress.IPv6Network) and name.value in network
    return False
