"""Whose hands an access token works in: the certificate or the key it is bound to (RFC 8705 3, RFC 9449 5; T08).

A token here is opaque, so that what other servers write into ``cnf`` stands in the login's row instead.
"""

from typing import assert_never

from gateway.broker.relying_party import SenderConstraint
from gateway.oidc.dpop import VerifiedProof


def holder_of(constraint: SenderConstraint, certificate_sha256: str | None, proof: VerifiedProof | None) -> str | None:
    """Name the holder of a token, from what was proven in the request that gets or brings it.

    Returns:
        None for a bearer token, which works in anybody's hands.

    Raises:
        ValueError: the proof that the constraint asks for was not made; callers check that before.
    """
    match constraint:
        case SenderConstraint.MUTUAL_TLS:
            return _named("x5t#S256", certificate_sha256)
        case SenderConstraint.DPOP:
            return _named("jkt", proof.thumbprint if proof else None)
        case SenderConstraint.NONE:
            return None
        case _ as never:
            assert_never(never)


def _named(confirmation: str, value: str | None) -> str:
    if value is None:
        raise ValueError(f"no {confirmation} was proven")
    return f"{confirmation}:{value}"
