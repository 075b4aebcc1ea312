"""T25: the signer signs what a committed event stands for, once, and counts it before the signature exists."""

import base64
import json
import stat
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Any

import pytest
from joserfc import jws
from saml2 import class_name, saml

from gateway.audit.event import Peer, Verdict
from gateway.broker.events import RefusalDelivered
from gateway.broker.identifiers import new_correlation
from gateway.oidc.keys import sign_compact
from gateway.saml.keys import SamlKeys
from gateway.saml.messages import Messages
from gateway.signer.client import SignerRefused, SignerUnavailable
from gateway.signer.server import SignerServer
from gateway.signing.certificate import certificate_in
from gateway.signing.life import SigningKey
from gateway.signing.opening import FILE
from gateway.signing.ring_file import read_ring, write_ring
from gateway.signing.signer import MemorySigner
from providers.saml.crypto_backend import InProcessBackend
from providers.saml.document_signer import canonical
from providers.saml.gate import parse_message
from providers.saml.keys import VerifyingKey
from providers.saml.signature import verify_enveloped
from tests.gateway.signer.conftest import SAML_EC, Desk
from tests.gateway.signing.conftest import WAITS

PERSON = {"sub": "somebody", "iss": "https://gateway.test"}


def saml_keys(desk: Desk) -> SamlKeys:
    key = desk.key(SAML_EC)
    certificate = certificate_in(key.public)
    return SamlKeys(current=desk.signer(SAML_EC), certificate=certificate, published=[certificate])


def refusal_delivered(desk: Desk) -> str:
    return desk.commit(
        RefusalDelivered(
            corr=new_correlation(),
            peer=Peer(id="portal"),
            endpoint="https://sp.test/acs",
            verdict=Verdict(ok=False, rule="cancelled"),
        )
    )


def test_t25_an_id_token_is_signed_for_its_event_once(desk: Desk) -> None:
    corr = desk.tokens_issued()
    signed = sign_compact(desk.signer(), PERSON, corr)
    assert json.loads(jws.deserialize_compact(signed, desk.signer().public, algorithms=["ES256"]).payload) == PERSON
    with pytest.raises(SignerRefused, match="is signed already"):
        sign_compact(desk.signer(), PERSON, corr)


def test_t25_a_forged_identity_without_a_committed_event_is_not_signed(desk: Desk) -> None:
    for about in (new_correlation(), "", refusal_delivered(desk)):
        with pytest.raises(SignerRefused, match="no committed event"):
            sign_compact(desk.signer(), PERSON, about)
    assert desk.ledger.summary("", "9").counters == {}


def test_t25_what_an_event_stands_for_is_signed_at_once_or_never(desk: Desk) -> None:
    corr = desk.tokens_issued()
    desk.clock.move(seconds=301)
    with pytest.raises(SignerRefused, match="no committed event"):
        sign_compact(desk.signer(), PERSON, corr)


def test_t25_the_event_must_name_the_key(desk: Desk) -> None:
    corr = desk.tokens_issued(kid="sig-another")
    with pytest.raises(SignerRefused, match="no committed event"):
        sign_compact(desk.signer(), PERSON, corr)


def test_t25_of_workers_that_ask_at_once_for_one_event_one_gets_a_signature(desk: Desk) -> None:
    corr = desk.tokens_issued()

    def ask(_: int) -> bool:
        try:
            sign_compact(desk.signer(), PERSON, corr)
        except SignerRefused:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ask, range(16))) == 1
    assert desk.ledger.summary("", "9").counters == {desk.key().kid: 1}


def assertion() -> Any:
    return saml.Assertion(id="_a", version="2.0", issue_instant="2026-11-24T12:00:00Z", issuer=saml.Issuer(text="us"))


def signed_assertion(messages: Messages) -> str:
    made = assertion()
    made.signature = messages._unsigned("_a")
    signed: str = messages._backend.sign_statement(str(made), class_name(made), messages.key.name, "_a")
    return signed


def test_t25_a_saml_assertion_and_its_response_are_signed_for_one_event_and_no_third(desk: Desk) -> None:
    keys = saml_keys(desk)
    corr = desk.assertion_issued(keys.now.current.name)
    messages = keys.messages("https://gateway.test/saml")(corr)
    public = VerifyingKey.of(keys.now.current.certificate.public_key())
    for _ in range(2):
        assert verify_enveloped(parse_message(signed_assertion(messages).encode()), [public]).get("ID") == "_a"
    with pytest.raises(SignerRefused, match="is signed already"):
        signed_assertion(messages)


def test_t25_a_refusal_is_signed_for_any_event_just_now_and_counted_apart(desk: Desk) -> None:
    keys = saml_keys(desk)
    messages = keys.messages("https://gateway.test/saml")(refusal_delivered(desk))
    refused = messages.refusal("https://sp.test/acs", "_q", ("urn:a", None), "<saml:Assertion>", desk.clock())
    verify_enveloped(parse_message(refused), [VerifyingKey.of(keys.now.current.certificate.public_key())])
    assert desk.ledger.summary("", "9").counters == {}
    desk.clock.move(seconds=3601)
    with pytest.raises(SignerRefused, match="within the last hour"):
        messages.refusal("https://sp.test/acs", "_q", ("urn:a", None), "no", desk.clock())


class Swapping:
    """A worker in other hands: it shows the signer a refusal and has an assertion's digest signed."""

    def __init__(self, inner: Any, shown: bytes) -> None:
        self._inner, self._shown = inner, shown
        self.name, self.algorithm = inner.name, inner.algorithm

    def sign_bytes(self, content: bytes, document: bytes = b"") -> bytes:
        del document
        return bytes(self._inner.sign_bytes(content, self._shown))


def test_t25_an_assertion_does_not_pass_for_a_refusal(desk: Desk) -> None:
    keys = saml_keys(desk)
    honest = keys.messages("us")(refusal_delivered(desk))
    shown = canonical(parse_message(honest.refusal("https://sp.test/acs", "_q", ("urn:a", None), "no", desk.clock())))
    lying: Any = Swapping(honest.key, shown)
    with pytest.raises(SignerRefused, match="another element's"):
        signed_assertion(Messages("us", lying, InProcessBackend(signing={lying.name: lying})))


@pytest.mark.parametrize(
    ("message", "document"),
    [
        (b"anything", b""),
        (b"<a/>", b"<b/>"),
        (b"SAMLResponse=%%%", b""),
        (b"SAMLResponse=" + base64.b64encode(b"no deflate"), b""),
        (b"a.b.c", b""),
    ],
)
def test_t25_what_the_gateway_never_says_is_not_signed(desk: Desk, message: bytes, document: bytes) -> None:
    about = refusal_delivered(desk)
    for purpose_signer in (desk.signer(), desk.signer(SAML_EC)):
        with pytest.raises(SignerRefused):
            purpose_signer.sign(message, about, document)


def test_t25_a_key_signs_for_its_own_purpose_only(desk: Desk) -> None:
    corr = desk.tokens_issued(kid=desk.key(SAML_EC).kid)
    with pytest.raises(SignerRefused, match="neither SignedInfo nor"):
        sign_compact(desk.signer(SAML_EC), PERSON, corr)


def publish(desk: Desk) -> SigningKey:
    name, public = desk.places[next(iter(desk.places))][FILE].make()
    key = SigningKey(
        kid=str(public.kid), place=f"file:{name}", public=public.as_dict(private=False), published_at=desk.clock()
    )
    ring = read_ring(desk.rings)
    assert ring is not None
    write_ring(desk.rings, ring.publish(key))
    return key


def test_t64_a_key_signs_from_the_step_to_use_it_on_and_rests_soon_after_the_next(desk: Desk) -> None:
    old, new = desk.key(), publish(desk)
    with pytest.raises(SignerRefused, match="is published and does not sign"):
        sign_compact(desk.client.open(new), PERSON, desk.tokens_issued(new.kid))
    ring = read_ring(desk.rings)
    assert ring is not None
    write_ring(desk.rings, ring.use(new.kid, desk.clock(), WAITS, at_once=True))
    for key in (old, new):  # a worker may have committed for the old one just before
        assert sign_compact(desk.client.open(key), PERSON, desk.tokens_issued(key.kid))
    desk.clock.move(seconds=61)
    with pytest.raises(SignerRefused, match="is resting and does not sign"):
        sign_compact(desk.client.open(old), PERSON, desk.tokens_issued(old.kid))


def test_t25_the_count_outlives_the_process(desk: Desk) -> None:
    corr = desk.tokens_issued()
    sign_compact(desk.signer(), PERSON, corr)
    desk.close()
    desk.open()
    assert desk.ledger.summary("", "9").counters == {desk.key().kid: 1}
    with pytest.raises(SignerRefused, match="is signed already"):
        sign_compact(desk.signer(), PERSON, corr)


def test_a_signer_that_is_gone_is_said_and_found_again_when_it_is_back(desk: Desk) -> None:
    signer = desk.signer()
    assert sign_compact(signer, PERSON, desk.tokens_issued())
    desk.close()
    with pytest.raises(SignerUnavailable, match="run: vpm signer"):
        sign_compact(signer, PERSON, desk.tokens_issued())
    assert "does not answer" in desk.reconciler.problems()[0]
    desk.open()
    assert sign_compact(signer, PERSON, desk.tokens_issued())
    assert desk.reconciler.problems() == []


def test_only_owner_and_group_may_write_to_the_socket_and_none_but_the_owner_read_the_ledger(desk: Desk) -> None:
    assert stat.S_IMODE((desk.folder / "signer.sock").stat().st_mode) == 0o660
    assert stat.S_IMODE((desk.folder / "signatures.db").stat().st_mode) == 0o600


def test_a_second_signer_at_the_same_socket_does_not_start(desk: Desk) -> None:
    with pytest.raises(OSError, match=r"listens at .* already"):
        SignerServer(desk.folder / "signer.sock", desk.server.desk)


def test_t25_a_key_in_memory_asks_for_no_reason(desk: Desk) -> None:
    """Without a signer nothing changes: the worker holds the key and answers for itself."""
    local = desk.places[next(iter(desk.places))][FILE].open(desk.key().place.partition(":")[2], "")
    assert isinstance(local, MemorySigner)
    assert len(local.sign(sha256(b"").digest(), "")) == 64
