"""SAML's signing keys take the steps of ID tokens' (T64), in files and in a PKCS#11 token that gives none out (T25)."""

from collections.abc import Iterator
from pathlib import Path

import pkcs11
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pkcs11 import Attribute, ObjectClass

from gateway.saml.opening import SamlParts, open_saml
from gateway.signing.certificate import certificate_in
from gateway.signing.changing import KeyCommands
from gateway.signing.life import NotAllowed
from gateway.signing.opening import FILE, PKCS11, RingFollower, opener_in
from gateway.signing.purpose import saml_of
from gateway.signing.token import Token, TokenKeys
from providers.saml.gate import parse_document, parse_message
from providers.saml.keys import VerifyingKey
from providers.saml.names import ds
from providers.saml.signature import verify_enveloped
from tests.gateway.signing.conftest import WAITS, Commands
from tests.support.gateway_parts import ISSUER, Core, HeldClock
from tests.support.soft_token import MODULE, make_token

pytestmark = pytest.mark.xdist_group("pkcs11")


class SamlWorker:
    """What a running process does with the ring of SAML."""

    def __init__(self, commands: KeyCommands) -> None:
        self._clock = commands.clock
        self._follower = RingFollower(commands.folder, opener_in(commands.places), commands.purpose)
        self.parts: SamlParts = open_saml(
            issuer=ISSUER,
            in_use=self._follower.open(commands.clock()),
            cache_seconds=300,
            parties=Core().parties,
            subject_key=b"s" * 32,
            clock=commands.clock,
        )

    def follow(self) -> None:
        self._follower.follow(self.parts.take_up)

    @property
    def kid(self) -> str:
        return self.parts.keys.now.current.name

    @property
    def metadata(self) -> bytes:
        return self.parts.metadata.document(self._clock(), lambda kid: kid)

    def shown(self) -> list[VerifyingKey]:
        """The keys that the signed metadata shows, after its signature verified with one of them."""
        document = parse_document(self.metadata)
        found = [
            VerifyingKey.of(certificate_in({"x5c": [text.text]}).public_key())
            for text in document.iter(ds("X509Certificate"))
        ]
        verify_enveloped(document, found)
        return found


def key_of(one: KeyCommands, kid: str) -> VerifyingKey:
    return VerifyingKey.of(certificate_in(one.ring().find(kid).public).public_key())


def signed_by_worker(worker: SamlWorker) -> str:
    """Let the worker sign an assertion, and say which key of its metadata verifies it."""
    messages = worker.parts.messages("login")
    refusal = messages.refusal("https://sp.test/acs", "_question", ("urn:a", None), "no", worker._clock())
    verify_enveloped(parse_message(refusal), [VerifyingKey.of(worker.parts.keys.now.current.certificate.public_key())])
    return messages.key.name


def test_t64_a_running_process_takes_up_every_step_and_its_metadata_too(commands: Commands, clock: HeldClock) -> None:
    one = commands(saml_of("ec"))
    worker = SamlWorker(one)
    first = worker.kid
    new = one.publish(FILE).kid
    worker.follow()
    assert (worker.shown(), signed_by_worker(worker)) == ([key_of(one, first), key_of(one, new)], first)
    with pytest.raises(NotAllowed, match="until then a portal may not have seen it"):
        one.use(new)
    clock.move(seconds=WAITS.before_use.total_seconds())
    one.use(new)
    worker.follow()
    assert (worker.shown(), signed_by_worker(worker)) == ([key_of(one, first), key_of(one, new)], new)
    clock.move(seconds=WAITS.before_retirement.total_seconds())
    one.retire(first)
    worker.follow()
    assert (worker.shown(), signed_by_worker(worker)) == ([key_of(one, new)], new)
    assert not (one.folder / "saml-signing-1.pem").exists()


def test_metadata_says_how_long_it_may_be_kept(commands: Commands) -> None:
    assert b'cacheDuration="PT300S"' in SamlWorker(commands(saml_of("ec"))).metadata


def test_the_rings_of_two_purposes_do_not_touch(commands: Commands) -> None:
    for_saml, for_tokens = commands(saml_of("ec")), commands()
    published = for_saml.publish(FILE)
    assert [key.kid for key in for_tokens.ring().keys] != [key.kid for key in for_saml.ring().keys]
    assert published.place == "file:saml-signing-2.pem"
    assert for_tokens.publish(FILE).place == "file:signing-2.pem"


def test_a_key_of_rsa_is_made_with_3072_bits_and_a_weaker_one_refused(commands: Commands, clock: HeldClock) -> None:
    one = commands(saml_of("rsa"))
    assert one.ring().signing.public["kty"] == "RSA"
    assert certificate_in(one.ring().signing.public).public_key().key_size == 3072  # type: ignore[union-attr]  # of RSA
    weak = rsa.generate_private_key(65537, 2048)
    path = one.folder / "saml-signing-9.pem"
    path.write_bytes(weak.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    path.chmod(0o600)
    with pytest.raises(ValueError, match="RSA key of 3072 bits or more"):
        one.places[FILE].open(path.name, "")


def test_a_ring_without_certificates_is_said(commands: Commands) -> None:
    one = commands()
    in_use = RingFollower(one.folder, opener_in(one.places)).open(one.clock())
    with pytest.raises(ValueError, match="has no certificate"):
        open_saml(
            issuer=ISSUER,
            in_use=in_use,
            cache_seconds=300,
            parties=Core().parties,
            subject_key=b"s" * 32,
            clock=one.clock,
        )


@pytest.fixture(scope="module")
def hsm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("hsm-saml")
    with pytest.MonkeyPatch.context() as environment:
        make_token(folder, environment)
        yield folder


@pytest.fixture
def hardware(hsm: Path) -> Iterator[Token]:
    opened = Token(MODULE, "vpm", hsm / "pin")
    yield opened
    opened.close()


@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_t25_a_saml_key_in_a_token_signs_and_cannot_be_exported(hardware: Token, commands: Commands, kind: str) -> None:
    """The export is tried by every way that PKCS#11 has: reading, wrapping, copying with other attributes."""
    purpose = saml_of("rsa" if kind == "rsa" else "ec")
    one = commands(purpose, pkcs11=TokenKeys(hardware, purpose))
    worker = SamlWorker(one)
    in_token = one.publish(PKCS11)
    one.use(in_token.kid, why_at_once="exercise")
    worker.follow()
    assert signed_by_worker(worker) == in_token.kid
    assert key_of(one, in_token.kid) in worker.shown()
    session = hardware._opened()
    private = session.get_key(label=in_token.place.partition(":")[2], object_class=ObjectClass.PRIVATE_KEY)
    with pytest.raises(pkcs11.AttributeSensitive):
        private[Attribute.PRIVATE_EXPONENT if kind == "rsa" else Attribute.VALUE]
    wrapping = session.generate_key(pkcs11.KeyType.AES, 256)
    with pytest.raises(pkcs11.KeyUnextractable):
        wrapping.wrap_key(private, mechanism=pkcs11.Mechanism.AES_KEY_WRAP_PAD)
    with pytest.raises(pkcs11.AttributeReadOnly):
        private.copy({Attribute.EXTRACTABLE: True})
