"""eid-providers.md 8.4 rules 2 and 4 to 8: each answer that breaks one rule proves nothing (EID-05 to EID-09, T34)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from providers.eid_certificates.ocsp import NONCE_BYTES, AnswerUnusable, Question, ResponderRules, ask, is_good
from tests.support.eid_authority import NOW, EidAuthority, Held, fresh_nonce, name_of

AUTHORITY = EidAuthority()
CARD = AUTHORITY.card()
STRANGER = EidAuthority()
Make = Callable[[Question], bytes]


def question(digest: hashes.HashAlgorithm | None = None) -> Question:
    return ask(CARD.certificate, AUTHORITY.ca.certificate, digest or hashes.SHA256())


def judged(answer: bytes, asked: Question, rules: ResponderRules | None = None, *, revoked: bool = False) -> bool:
    return is_good(answer, asked, rules or ResponderRules(), NOW, lambda _: revoked)


def answered(**changes: Any) -> Callable[[Question], bytes]:
    return lambda asked: AUTHORITY.answer(asked.der, CARD.certificate, **changes)


def test_a_question_names_the_certificate_by_sha256_and_carries_a_fresh_nonce_of_32_bytes() -> None:
    first, second = (ocsp.load_der_ocsp_request(question().der) for _ in range(2))
    assert first.serial_number == CARD.certificate.serial_number
    assert isinstance(first.hash_algorithm, hashes.SHA256)
    nonces = [one.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce for one in (first, second)]
    assert len(nonces[0]) == len(nonces[1]) == NONCE_BYTES
    assert nonces[0] != nonces[1]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"by_name": True},
        {"signer": AUTHORITY.ca},
        {"signer": AUTHORITY.ca, "brought": False},
        {"made": NOW - timedelta(minutes=2)},
        {"made": NOW + timedelta(minutes=15)},
        {"until": NOW + timedelta(hours=1)},
        {"made": NOW - timedelta(minutes=1), "until": NOW - timedelta(minutes=1)},
        {"digest": hashes.SHA512()},
    ],
)
def test_an_honest_answer_says_good(changes: dict[str, Any]) -> None:
    asked = question()
    assert judged(answered(**changes)(asked), asked)


def test_a_responder_that_knows_only_sha1_names_is_asked_by_sha1() -> None:
    asked = question(hashes.SHA1())
    assert judged(answered()(asked), asked)


@pytest.mark.parametrize("status", [ocsp.OCSPCertStatus.REVOKED, ocsp.OCSPCertStatus.UNKNOWN])
def test_revoked_and_unknown_are_both_not_good(status: ocsp.OCSPCertStatus) -> None:
    """Rule 8; EID-05, EID-06."""
    asked = question()
    assert not judged(answered(status=status)(asked), asked)


def with_another_signature(answer: bytes) -> bytes:
    signature = ocsp.load_der_ocsp_response(answer).signature
    return answer.replace(signature, signature[:-1] + bytes([signature[-1] ^ 1]))


OTHER_CARD = AUTHORITY.card()
BAD_ANSWERS: dict[str, tuple[str, Make]] = {
    "unsuccessful": (
        "rule 4",
        lambda _: ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER).public_bytes(
            Encoding.DER
        ),
    ),
    "no DER": ("rule 4", lambda _: b"<html>"),
    "empty": ("rule 4", lambda _: b""),
    "trailing bytes": ("rule 4", lambda asked: answered()(asked) + b"\x00"),
    "another certificate": ("rule 4", lambda asked: AUTHORITY.answer(asked.der, OTHER_CARD.certificate)),
    "another issuer": (
        "rule 4",
        lambda asked: AUTHORITY.answer(asked.der, CARD.certificate, issuer=STRANGER.ca.certificate),
    ),
    "named by another digest": (
        "rule 4",
        lambda asked: AUTHORITY.answer(
            ask(CARD.certificate, AUTHORITY.ca.certificate, hashes.SHA1()).der,
            CARD.certificate,
            nonce=asked.nonce,
        ),
    ),
    "unknown critical extension": (
        "rule 4",
        answered(more=[(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True)]),
    ),
    "signature changed": ("rule 5", lambda asked: with_another_signature(answered()(asked))),
    "responder of a stranger": ("rule 5", answered(signer=STRANGER.responder())),
    "issuer of the same name": ("rule 5", answered(signer=STRANGER.ca, by_name=True)),
    "certificate not brought": ("rule 5", answered(brought=False)),
    "not for OCSP": ("rule 5", answered(signer=AUTHORITY.responder(purpose=False))),
    "the card's own certificate": ("rule 5", answered(signer=CARD)),
    "responder issued by the root": ("rule 5", answered(signer=AUTHORITY.responder(issuer=AUTHORITY.root))),
    "responder expired": ("rule 5", answered(signer=AUTHORITY.responder(ends=NOW - timedelta(seconds=1)))),
    "responder not yet valid": ("rule 5", answered(signer=AUTHORITY.responder(begins=NOW + timedelta(seconds=1)))),
    "a digest that is not taken": ("rule 5", answered(digest=hashes.SHA224())),
    "no nonce": ("rule 6", answered(nonce=None)),
    "another nonce": ("rule 6", answered(nonce=fresh_nonce())),
    "too old": ("rule 7", answered(made=NOW - timedelta(minutes=2, seconds=1))),
    "from the future": ("rule 7", answered(made=NOW + timedelta(minutes=15, seconds=1))),
    "next update passed": (
        "rule 7",
        answered(made=NOW - timedelta(minutes=1), until=NOW - timedelta(minutes=15, seconds=1)),
    ),
}


@pytest.mark.parametrize("name", BAD_ANSWERS)
def test_an_answer_that_breaks_one_rule_proves_nothing(name: str) -> None:
    """EID-08, EID-09."""
    rule, make = BAD_ANSWERS[name]
    asked = question()
    with pytest.raises(AnswerUnusable, match=rule):
        judged(make(asked), asked)


def test_next_update_before_this_update_is_no_answer() -> None:
    """The library makes no such answer, so the date is put into the signed bytes, and they are signed once more."""
    key = rsa.generate_private_key(65537, 2048)
    signer = AUTHORITY.card(key=key, purposes=[ExtendedKeyUsageOID.OCSP_SIGNING], more=[(x509.OCSPNoCheck(), False)])
    asked = question()
    answer = answered(signer=signer, until=NOW + timedelta(minutes=1))(asked)
    assert judged(answer, asked)
    honest = ocsp.load_der_ocsp_response(answer)
    late, early = ((NOW + timedelta(minutes=m)).strftime("%Y%m%d%H%M%SZ").encode() for m in (1, -1))
    signed = early.join(honest.tbs_response_bytes.rsplit(late, 1))
    signature = key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
    forged = answer.replace(honest.tbs_response_bytes, signed).replace(honest.signature, signature)
    with pytest.raises(AnswerUnusable, match="rule 7"):
        judged(forged, asked)


def test_a_responder_on_the_list_may_leave_the_nonce_out_but_not_send_another() -> None:
    """Rule 6: ``nonce_free_ocsp``."""
    asked, rules = question(), ResponderRules(echoes_nonce=False)
    assert judged(answered(nonce=None)(asked), asked, rules)
    assert judged(answered()(asked), asked, rules)
    with pytest.raises(AnswerUnusable, match="rule 6"):
        judged(answered(nonce=fresh_nonce())(asked), asked, rules)


def test_the_age_of_answers_is_a_setting_of_the_responder() -> None:
    asked, old = question(), answered(made=NOW - timedelta(minutes=9))
    assert judged(old(asked), asked, ResponderRules(oldest=timedelta(minutes=10)))
    with pytest.raises(AnswerUnusable, match="rule 7"):
        judged(old(asked), asked)


def test_a_responder_certificate_of_the_settings_need_not_be_brought_along() -> None:
    asked, signer = question(), AUTHORITY.responder()
    answer = answered(signer=signer, brought=False)(asked)
    assert judged(answer, asked, ResponderRules(known=(signer.certificate,)))


def test_a_responder_that_does_not_say_nocheck_is_asked_about_itself() -> None:
    asked = question()
    answer = answered(signer=AUTHORITY.responder(nocheck=False))(asked)
    assert judged(answer, asked)
    with pytest.raises(AnswerUnusable, match="rule 5: the responder's own certificate is revoked"):
        judged(answer, asked, revoked=True)


def test_a_weak_responder_key_is_refused() -> None:
    key = rsa.generate_private_key(65537, 1024)
    weak = Held(AUTHORITY.card(key=key, subject=name_of()).certificate, key)
    asked = question()
    with pytest.raises(AnswerUnusable, match="rule 5"):
        judged(answered(signer=weak)(asked), asked)


@given(st.data())
def test_no_changed_byte_turns_a_revoked_answer_into_a_good_one(data: st.DataObject) -> None:
    """Any single changed byte leaves the answer unusable or its meaning the same."""
    answer = bytearray(REVOKED)
    place = data.draw(st.integers(0, len(answer) - 1))
    answer[place] ^= data.draw(st.integers(1, 255))
    try:
        good = judged(bytes(answer), ASKED)
    except AnswerUnusable:
        return
    assert not good


ASKED = question()
REVOKED = answered(status=ocsp.OCSPCertStatus.REVOKED)(ASKED)
