"""One question to an OCSP responder, and the strict judging of its answer (RFC 6960, RFC 9654; eid-providers.md 8.4).

Pure: bytes in, bytes out. ``revocation`` carries them.
"""

import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.oid import SignatureAlgorithmOID as Signature

from certs.extensions import extension_of
from providers.eid_certificates.anchors import signed_by
from providers.eid_certificates.rules import is_strong

NONCE_BYTES: Final = 32
AHEAD: Final = timedelta(minutes=15)
"""How far a responder's clock may be ahead of ours (rule 7)."""
CONTENT_TYPE: Final = "application/ocsp-request"
ANSWER_TYPE: Final = "application/ocsp-response"

_RSA: Final[Mapping[x509.ObjectIdentifier, hashes.HashAlgorithm]] = {
    Signature.RSA_WITH_SHA256: hashes.SHA256(),
    Signature.RSA_WITH_SHA384: hashes.SHA384(),
    Signature.RSA_WITH_SHA512: hashes.SHA512(),
}
_EC: Final[Mapping[x509.ObjectIdentifier, hashes.HashAlgorithm]] = {
    Signature.ECDSA_WITH_SHA256: hashes.SHA256(),
    Signature.ECDSA_WITH_SHA384: hashes.SHA384(),
    Signature.ECDSA_WITH_SHA512: hashes.SHA512(),
}


class AnswerUnusable(Exception):
    """An answer proves nothing; the text says which rule of 8.4 it broke."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What was asked about one certificate."""

    certificate: x509.Certificate
    issuer: x509.Certificate
    nonce: bytes
    der: bytes
    """The request as it is sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponderRules:
    """What is agreed with one responder."""

    oldest: timedelta = timedelta(minutes=2)
    """How long ago an answer may have been made; never above ten minutes (T34)."""
    echoes_nonce: bool = True
    """False only for a responder that never does; a nonce that differs is refused even then."""
    known: tuple[x509.Certificate, ...] = ()
    """Responders' certificates that answers need not bring along; judged like those that do."""


def ask(certificate: x509.Certificate, issuer: x509.Certificate, digest: hashes.HashAlgorithm) -> Question:
    """A request about one certificate with a fresh nonce, unsigned (rule 2)."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, digest)
    request = builder.add_extension(x509.OCSPNonce(nonce), critical=False).build()
    return Question(certificate=certificate, issuer=issuer, nonce=nonce, der=request.public_bytes(Encoding.DER))


def is_good(
    answer: bytes,
    question: Question,
    rules: ResponderRules,
    now: datetime,
    is_responder_revoked: Callable[[x509.Certificate], bool],
) -> bool:
    """Whether the certificate asked about is good; ``False`` for revoked and for unknown (rule 8).

    Args:
        answer: the body as it came.
        question: what was asked.
        rules: of this responder.
        now: UTC, aware.
        is_responder_revoked: asked about a responder's certificate that does not say that nobody need ask; raises
            ``AnswerUnusable`` when that cannot be told.

    Raises:
        AnswerUnusable: a rule of 8.4 is broken; the answer says nothing, neither good nor bad.
    """
    try:
        response = ocsp.load_der_ocsp_response(answer)
        # (4) It is an answer, and to our question alone.
        single = _only_answer(response)
        _about_our_certificate(single, question)
        # (5) The issuer, or whom the issuer itself made responder, signed it.
        signer = _signer(response, question.issuer, rules, now)
        if signer is not None and is_responder_revoked(signer):
            raise AnswerUnusable("rule 5: the responder's own certificate is revoked")
        # (6) It was made for this question.
        _of_our_nonce(response, question.nonce, rules)
        # (7) It is of now.
        _fresh(single, rules, now)
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension) as error:
        raise AnswerUnusable("rule 4: the answer is no OCSP answer that can be read") from error
    return single.certificate_status is ocsp.OCSPCertStatus.GOOD


def _only_answer(response: ocsp.OCSPResponse) -> ocsp.OCSPSingleResponse:
    if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        raise AnswerUnusable(f"rule 4: the responder says {response.response_status.name.lower()}")
    answers = list(response.responses)
    if len(answers) != 1:
        raise AnswerUnusable("rule 4: there must be exactly one single answer")
    _refuse_unknown_extensions((*response.extensions, *response.single_extensions))
    return answers[0]


def _refuse_unknown_extensions(extensions: Iterable[x509.Extension[x509.ExtensionType]]) -> None:
    if any(one.critical and one.oid != x509.OCSPNonce.oid for one in extensions):
        raise AnswerUnusable("rule 4: an extension that nobody here knows is critical")


def _about_our_certificate(single: ocsp.OCSPSingleResponse, question: Question) -> None:
    asked = ocsp.load_der_ocsp_request(question.der)
    same = (
        single.serial_number == asked.serial_number
        and single.issuer_name_hash == asked.issuer_name_hash
        and single.issuer_key_hash == asked.issuer_key_hash
        and isinstance(single.hash_algorithm, type(asked.hash_algorithm))
    )
    if not same:
        raise AnswerUnusable("rule 4: the answer is about another certificate")


def _signer(
    response: ocsp.OCSPResponse, issuer: x509.Certificate, rules: ResponderRules, now: datetime
) -> x509.Certificate | None:
    """The delegated responder whose revocation must still be asked about; None when nobody need ask."""
    candidates = (issuer, *response.certificates, *rules.known)
    found = next((one for one in candidates if _is_named(one, response) and _signed(response, one)), None)
    if found is None:
        raise AnswerUnusable("rule 5: no certificate of the responder that it names made the signature")
    if found == issuer:
        return None
    _delegated(found, issuer, now)
    return None if extension_of(found, x509.OCSPNoCheck) is not None else found


def _is_named(certificate: x509.Certificate, response: ocsp.OCSPResponse) -> bool:
    if response.responder_key_hash is not None:
        key = certificate.public_key()
        return x509.SubjectKeyIdentifier.from_public_key(key).digest == response.responder_key_hash
    return certificate.subject == response.responder_name


def _signed(response: ocsp.OCSPResponse, certificate: x509.Certificate) -> bool:
    key, algorithm = certificate.public_key(), response.signature_algorithm_oid
    try:
        if isinstance(key, rsa.RSAPublicKey) and algorithm in _RSA:
            key.verify(response.signature, response.tbs_response_bytes, padding.PKCS1v15(), _RSA[algorithm])
        elif isinstance(key, ec.EllipticCurvePublicKey) and algorithm in _EC:
            key.verify(response.signature, response.tbs_response_bytes, ec.ECDSA(_EC[algorithm]))
        else:
            return False
    except InvalidSignature:
        return False
    return is_strong(key)


def _delegated(responder: x509.Certificate, issuer: x509.Certificate, now: datetime) -> None:
    """RFC 6960 4.2.2.2: issued directly by the authority that issued the certificate, for this and in time."""
    purposes = extension_of(responder, x509.ExtendedKeyUsage)
    if purposes is None or ExtendedKeyUsageOID.OCSP_SIGNING not in purposes.value:
        raise AnswerUnusable("rule 5: the responder's certificate is not for OCSP signing")
    if not signed_by(responder, issuer):
        raise AnswerUnusable("rule 5: the responder's certificate was not issued by the certificate's own issuer")
    if not responder.not_valid_before_utc <= now <= responder.not_valid_after_utc:
        raise AnswerUnusable("rule 5: the responder's certificate is not yet or no longer valid")


def _of_our_nonce(response: ocsp.OCSPResponse, nonce: bytes, rules: ResponderRules) -> None:
    try:
        echoed = response.extensions.get_extension_for_class(x509.OCSPNonce).value
    except x509.ExtensionNotFound:
        if rules.echoes_nonce:
            raise AnswerUnusable("rule 6: the nonce is missing") from None
        return
    if not secrets.compare_digest(echoed.nonce, nonce):
        raise AnswerUnusable("rule 6: the nonce is of another question")


def _fresh(single: ocsp.OCSPSingleResponse, rules: ResponderRules, now: datetime) -> None:
    made, next_one = single.this_update_utc, single.next_update_utc
    if made > now + AHEAD:
        raise AnswerUnusable("rule 7: thisUpdate lies in the future")
    if made < now - rules.oldest:
        raise AnswerUnusable("rule 7: thisUpdate is too long ago")
    if next_one is not None and (next_one < made or next_one < now - AHEAD):
        raise AnswerUnusable("rule 7: nextUpdate has passed")
