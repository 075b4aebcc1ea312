"""Row 4: what answering in SAML costs beside answering in OpenID Connect, and beside pysaml2's own XML security.

Only what the protocol itself costs: from the question to the answer, in one process, over a store in memory; no HTTP, no
bank and no disk, which both share. CPU of this process and its children, so that the default backend's xmlsec1 counts.
"""

import resource
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from saml2.sigver import CryptoBackendXmlSec1

from gateway.saml.front_door import SamlDoor
from gateway.saml.messages import Messages
from gateway.use_cases import HandedOver
from providers.contract import Language
from providers.saml.bindings import read_redirect
from providers.saml.crypto_backend import InProcessBackend
from providers.saml.xml_keys import SigningKey
from tests.support.gateway_parts import BROWSER, Core, code_of, query
from tests.support.saml_portal import IDP, SamlPortal, certificate_for, rsa_key

XMLSEC1 = "/usr/bin/xmlsec1"


@dataclass(frozen=True, slots=True, kw_only=True)
class SamlCosts:
    """CPU milliseconds of one login each, its provider left out."""

    oidc: float
    saml: float
    """RSA-3072, assertion encrypted: what a gateway does that was told nothing else."""
    saml_ec: float
    """The same with a key on P-256."""
    saml_plain: float
    """RSA-3072, assertion not encrypted."""
    default_backend: float
    """The same as ``saml_plain``, signed by pysaml2's default backend."""


def measure_saml(logins: int) -> SamlCosts:
    """Measure each in turn, three times; medians."""
    long_key = _signing_key()
    with tempfile.TemporaryDirectory(prefix="vpm-bench-saml-") as folder:
        ways: dict[str, Callable[[int], float]] = {
            "oidc": _oidc,
            "saml": lambda count: _saml(_portal(long_key), count),
            "saml_ec": lambda count: _saml(SamlPortal(idp_kind="ec"), count),
            "saml_plain": lambda count: _saml(_portal(long_key, encryption=None), count),
            "default_backend": lambda count: _saml(_at_xmlsec1(long_key, Path(folder)), max(1, count // 20)),
        }
        found: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(3):
            for name, way in ways.items():
                found[name].append(way(logins))
    return SamlCosts(**{name: median(values) for name, values in found.items()})


def _signing_key() -> SigningKey:
    key = rsa.generate_private_key(65537, 3072)
    return SigningKey.of(key, certificate_for(key))


def _portal(key: SigningKey, **options: Any) -> SamlPortal:
    return _signed_by(SamlPortal(**options), key, InProcessBackend(signing={key.name: key}))


def _signed_by(portal: SamlPortal, key: SigningKey, backend: Any) -> SamlPortal:
    """Let the portal's gateway sign with another key or another backend."""
    messages = Messages(IDP, key, backend)
    core = portal.core
    door = SamlDoor(lambda _: messages, core.parties, subject_key=b"s" * 32, clock=core.clock)
    core.speak(door)
    portal.desk.use_cases = core.use_cases
    return portal


class _OneFile(CryptoBackendXmlSec1):  # type: ignore[misc]  # pysaml2 ships no types
    """pysaml2's default backend, which takes keys from files."""

    def __init__(self, path: Path) -> None:
        super().__init__(XMLSEC1)
        self._path = str(path)

    def sign_statement(self, statement: Any, node_name: str, key_file: str, node_id: str) -> Any:
        """Sign; xmlsec1 writes an XML declaration, which may not stand inside a response."""
        signed = super().sign_statement(statement, node_name, self._path, node_id)
        return signed.partition("?>")[2] if signed.startswith("<?xml") else signed


def _at_xmlsec1(key: SigningKey, folder: Path) -> SamlPortal:
    path = folder / "key.pem"
    path.write_bytes(key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return _signed_by(SamlPortal(encryption=None), key, _OneFile(path))


def _saml(portal: SamlPortal, count: int) -> float:
    questions = [portal.redirect(portal.request(), key=rsa_key("sp")) for _ in range(count)]

    def answer(received: bytes) -> None:
        asked = portal.desk.authenticate(received, read_redirect, BROWSER, Language.LATVIAN)
        answered = portal.answered(asked)  # type: ignore[arg-type]  # it waits for a choice
        assert isinstance(portal.core.use_cases.resume(answered.id, BROWSER), HandedOver)

    return _milliseconds(answer, questions)


def _oidc(count: int) -> float:
    core = Core()
    prepared = [(query(state=str(number)), core.assertion()) for number in range(count)]

    def answer(question: tuple[bytes, str]) -> None:
        handed_over = core.use_cases.resume(core.answered(state=question[0][-8:].decode()), BROWSER)
        assert isinstance(handed_over, HandedOver)
        form = core.token_form(code_of(handed_over), client_assertion=question[1])
        assert isinstance(core.redeem(form), dict)

    return _milliseconds(answer, prepared)


def _milliseconds(work: Callable[[Any], None], each: Sequence[Any]) -> float:
    work(each[0])
    before = _cpu()
    for one in each[1:]:
        work(one)
    return 1000 * (_cpu() - before) / max(1, len(each) - 1)


def _cpu() -> float:
    """Seconds of this process and of the children that have ended."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in both)
