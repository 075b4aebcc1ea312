"""Whether a certificate meets its profile.

The rules are in ``certs.rules`` and ``certs.name_rules``; here is their order. The development CA asks before and
after signing, and refuses to sign or to hand out on a single finding.
"""

from collections.abc import Callable, Iterator
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from certs import name_rules, rules
from certs.findings import Finding
from certs.profiles import Profile

Rule = Callable[[x509.Certificate, Profile, x509.Certificate], Iterator[str]]
"""Takes the certificate, its profile and its issuer (itself, for a root)."""

DRAFT_RULES: Final[tuple[Rule, ...]] = (
    rules.version,
    rules.serial_number,
    rules.public_key,
    rules.signature_algorithm,
    name_rules.subject,
    name_rules.issuer_name,
    rules.validity,
    rules.basic_constraints,
    rules.key_usage,
    rules.extended_key_usage,
    name_rules.alternative_name,
    rules.subject_key_identifier,
    rules.authority_key_identifier,
    rules.distribution_point,
    rules.authority_access,
    name_rules.permitted_names,
    rules.ocsp_no_check,
    rules.other_extensions,
)
"""What can be judged of a draft that a throw-away key signed."""

RULES: Final[tuple[Rule, ...]] = (*DRAFT_RULES, rules.signature)


def judge(
    certificate: x509.Certificate, profile: Profile, *, issuer: x509.Certificate, by: tuple[Rule, ...] = RULES
) -> tuple[Finding, ...]:
    """What is wrong with ``certificate``, in the order of the rules; empty when it meets ``profile``.

    Time is not judged: a certificate that has expired still meets its profile.

    Args:
        certificate: to judge.
        profile: what it must look like.
        issuer: the CA's certificate; the certificate itself, for a root.
        by: all the rules, unless a draft is judged.
    """
    unreadable = _why_unreadable(certificate)
    if unreadable:
        return (Finding("readable", unreadable),)
    return tuple(
        Finding(rule.__name__.replace("_", "-"), sentence)
        for rule in by
        for sentence in rule(certificate, profile, issuer)
    )


def _why_unreadable(certificate: x509.Certificate) -> str | None:
    """What keeps the rules from being asked at all: parts that are decoded only when somebody looks."""
    try:
        certificate.public_key()
        certificate.signature_hash_algorithm  # noqa: B018  # looking is the test: it raises for what is unknown
        certificate.extensions  # noqa: B018  # the same for what is garbled or stands twice
    except (ValueError, UnsupportedAlgorithm, x509.DuplicateExtension) as error:
        return f"it cannot be read: {error}"
    return None
