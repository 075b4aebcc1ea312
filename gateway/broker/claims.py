"""What may be released of a verified identity to a relying party, and under which names."""

from typing import Final

from gateway.broker.relying_party import CLAIMS, PersonalCodeForm, RelyingParty
from gateway.broker.subject import pairwise_subject
from providers.contract import Factor, VerifiedIdentity

METHODS: Final = {
    "id-card": "sc",
    "mobile-id": "swk",
    "otp": "otp",
    "pin-calculator": "otp",
    "code-card": "otp",
    "smart-id": "swk",
}
"""From the means (banklink.md section 5) to the method names of RFC 8176."""


def claims_for(
    party: RelyingParty, identity: VerifiedIdentity, subject_key: bytes, asked: frozenset[str] = CLAIMS
) -> dict[str, object]:
    """Give the claims that one relying party receives of a person.

    Each identity field is its own claim, exactly as the provider confirmed it: nothing is joined, split or re-cased
    (VPM-DRV-07).

    Args:
        party: who receives them; what it is not registered for it does not get, whatever it asks.
        identity: of whom.
        subject_key: derives the pairwise subject.
        asked: which of ``CLAIMS`` it asked for this time.
    """
    return {
        "sub": pairwise_subject(subject_key, party.sector, identity),
        **_identifying(party, identity, asked & party.claims),
        "acr": identity.assurance.uri,
        "amr": authentication_methods(identity),
        "auth_time": int(identity.authenticated_at.timestamp()),
        "provider": identity.provider,
    }


def _identifying(party: RelyingParty, identity: VerifiedIdentity, allowed: frozenset[str]) -> dict[str, str]:
    """Give what is allowed, and nothing else."""
    display = party.personal_code_form is PersonalCodeForm.DISPLAY
    known = {
        "given_name": identity.given_name,
        "family_name": identity.family_name,
        "personal_code": identity.personal_code.display if display else identity.personal_code.key,
    }
    return {name: value for name, value in known.items() if name in allowed}


def authentication_methods(identity: VerifiedIdentity) -> list[str]:
    """Name the methods used, as RFC 8176 does; ``mfa`` always, since nobody gets here with one factor."""
    methods = {"mfa"}
    if identity.means in METHODS:
        methods.add(METHODS[identity.means])
    if Factor.KNOWLEDGE in identity.factors:
        methods.add("kba" if identity.means == "code-card" else "pin")
    return sorted(methods)
