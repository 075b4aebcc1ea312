"""Signing keys in a PKCS#11 token: SoftHSM stands for the hardware (security.md section 7)."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pkcs11
import pytest
from joserfc import jws
from pkcs11 import Attribute, KeyType, ObjectClass
from pkcs11.util.ec import encode_named_curve_parameters

from gateway.audit.event import AuditEvent
from gateway.oidc.keys import sign_compact
from gateway.signing.life import State
from gateway.signing.opening import FILE, PKCS11
from gateway.signing.purpose import ID_TOKENS
from gateway.signing.token import Token, TokenKeys
from tests.gateway.signing.conftest import Commands, Worker
from tests.support.soft_token import MODULE, PIN, make_token

pytestmark = pytest.mark.xdist_group("pkcs11")


@pytest.fixture(scope="module")
def hsm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A token of its own; the library reads where it is from the environment, once in each process."""
    folder = tmp_path_factory.mktemp("hsm")
    with pytest.MonkeyPatch.context() as environment:
        make_token(folder, environment)
        yield folder


@pytest.fixture
def hardware(hsm: Path) -> Iterator[Token]:
    opened = Token(MODULE, "vpm", hsm / "pin")
    yield opened
    opened.close()


@pytest.fixture
def token(hardware: Token) -> TokenKeys:
    return TokenKeys(hardware)


def test_a_key_made_in_the_token_signs_what_its_public_half_verifies(token: TokenKeys) -> None:
    name, public = token.make()
    signer = token.open(name, str(public.kid))
    signed = sign_compact(signer, {"sub": "somebody"}, "login")
    assert jws.deserialize_compact(signed, public, algorithms=["ES256"]).payload == b'{"sub":"somebody"}'


def test_the_private_half_cannot_be_read_out(token: TokenKeys, hsm: Path) -> None:
    name, _ = token.make()
    private = token._token._opened().get_key(label=name, object_class=ObjectClass.PRIVATE_KEY)
    assert private[Attribute.EXTRACTABLE] is False
    assert private[Attribute.NEVER_EXTRACTABLE] is True
    with pytest.raises(pkcs11.AttributeSensitive):
        private[Attribute.VALUE]


def test_a_key_that_could_be_read_out_is_refused(token: TokenKeys) -> None:
    session = token._token._opened()
    curve = {Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}
    loose = {Attribute.SENSITIVE: False, Attribute.EXTRACTABLE: True}
    parameters = session.create_domain_parameters(KeyType.EC, curve, local=True)
    parameters.generate_keypair(store=True, label="loose", private_template=loose)
    with pytest.raises(ValueError, match="can be read out"):
        token.open("loose", "")


def test_another_key_under_the_same_name_is_refused(token: TokenKeys) -> None:
    name, _ = token.make()
    with pytest.raises(ValueError, match="is another key than"):
        token.open(name, "another kid")


def test_a_key_that_is_not_there_is_named(token: TokenKeys) -> None:
    with pytest.raises(ValueError, match="holds no usable key nowhere"):
        token.open("nowhere", "")


def test_a_wrong_pin_is_said_without_the_pin(hsm: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "pin"
    wrong.write_text("not the PIN")
    wrong.chmod(0o600)
    opened = Token(MODULE, "vpm", wrong)
    with pytest.raises(OSError, match="the token vpm cannot be opened: PinIncorrect") as refused:
        opened.make(ID_TOKENS)
    assert "not the PIN" not in str(refused.value)


def test_t53_a_pin_that_others_may_read_is_refused(hsm: Path, tmp_path: Path) -> None:
    shown = tmp_path / "pin"
    shown.write_text(PIN)
    shown.chmod(0o644)
    with pytest.raises(PermissionError, match="chmod 600"):
        Token(MODULE, "vpm", shown).make(ID_TOKENS)


def test_t64_a_gateway_moves_from_a_file_to_the_token_and_back(
    token: TokenKeys, commands: Commands, recorded: list[AuditEvent]
) -> None:
    one = commands(pkcs11=token)
    worker = Worker(one)
    keys = worker.keys
    in_token = one.publish(PKCS11)
    one.use(in_token.kid, why_at_once="exercise")
    worker.follow()
    assert keys.kid == in_token.kid
    assert keys.verify(keys.sign({"sub": "somebody"}, "login")) == {"sub": "somebody"}
    in_file = one.publish(FILE)
    one.use(in_file.kid, why_at_once="exercise")
    one.retire(in_token.kid, why_at_once="exercise")
    worker.follow()
    assert keys.kid == in_file.kid
    assert one.ring().find(in_token.kid).state is State.RETIRED
    with pytest.raises(ValueError, match="no usable key"):
        token.open(in_token.place.partition(":")[2], "")


def test_a_token_is_left_so_that_a_process_forked_later_can_open_it(hsm: Path) -> None:
    """The gateway checks everything before it forks its workers; each of them opens the token for itself."""
    script = f"""
import os
from pathlib import Path
from gateway.signing.token import Token, TokenKeys
token = TokenKeys(Token(Path({str(MODULE)!r}), "vpm", Path({str(hsm / "pin")!r})))
name, public = token.make()
token.close()
child = os.fork()
if child == 0:
    os._exit(0 if len(token.open(name, str(public.kid)).sign(b"x", "login")) == 64 else 1)
assert os.waitpid(child, 0)[1] == 0
assert len(token.open(name, str(public.kid)).sign(b"x", "login")) == 64
"""
    command = [sys.executable, "-W", "error", "-c", script]
    subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": str(Path.cwd())}, timeout=60)
