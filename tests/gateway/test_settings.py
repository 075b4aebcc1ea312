"""Mistakes in the settings: each is told at once, in words that name the setting, by the real command."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric import ec, rsa, x25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from gateway.cli import gateway as command
from gateway.demo.places import Places
from gateway.demo.prepare import prepare

REDIRECTS = 'redirect_uris = ["https://localhost:7443/callback"]'
KEY = 'algorithm = "ES256", file = "../auctions/assertion.pub"'
CERTIFICATE = 'certificates = ["../pki/issued/auctions-client/certificate.pem"]'


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Settings, keys and certificates as the demo makes them, and a few files that are not what they should be."""
    root = tmp_path_factory.mktemp("prepared")
    prepare(Places(root=root))
    made = root / "auctions"
    for name, key in (
        ("p384", ec.generate_private_key(ec.SECP384R1())),
        ("rsa2048", rsa.generate_private_key(65537, 2048)),
        ("rsa1024", rsa.generate_private_key(65537, 1024)),
        ("x25519", x25519.X25519PrivateKey.generate()),
    ):
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        (made / f"{name}.pub").write_bytes(public)
    (made / "garbage.pub").write_text("no key", encoding="ascii")
    return root


@pytest.fixture
def root(prepared: Path, tmp_path: Path) -> Path:
    copied = tmp_path / "root"
    shutil.copytree(prepared, copied)
    return copied


def settings_of(root: Path) -> Path:
    return root / "gateway" / "gateway.toml"


def changed(root: Path, old: str, new: str) -> None:
    text = settings_of(root).read_text(encoding="utf-8")
    assert old in text, "the settings file does not hold what this test changes"
    settings_of(root).write_text(text.replace(old, new), encoding="utf-8")


def check(root: Path) -> Result:
    return CliRunner().invoke(command, ["check", "--config", str(settings_of(root))])


def refused(root: Path) -> str:
    """Give what the command says; a traceback is no answer."""
    outcome = check(root)
    assert outcome.exit_code == 1
    assert isinstance(outcome.exception, SystemExit), outcome.exception
    assert "the gateway cannot start" in outcome.output
    return outcome.output


def test_the_settings_of_the_demo_are_good(root: Path) -> None:
    outcome = check(root)
    assert outcome.exit_code == 0, outcome.output
    assert re.search(r"[0-9]+ providers, 1 relying parties: settings are good", outcome.output)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('node = "demo-1"', 'node = "demo-1"\nbogus = 1', "bogus: Extra inputs"),
        ('node = "demo-1"', 'node = "demo-1"\nbase = "x"', "base: is no setting"),
        ('node = "demo-1"', 'node = "demo-1"\nrevision = "x"', "revision: is no setting"),
        ('node = "demo-1"', 'node = "A node"', "node: String should match"),
        ('sqlite:///gateway.db"', 'mysql://localhost/x"', "database_url: must begin with one of"),
        ("https://localhost:8443", "https://LOCALHOST:8443", "in lower case"),
        ("https://localhost:8443", "https://me@localhost:8443", "or user"),
        ("https://localhost:8443", "https://localhost:443", "without :443"),
        ("https://localhost:8443", "https://localhost:8443/", "and path"),
        ("https://localhost:8443", "http://localhost:8443", "must be https"),
        ("https://localhost:84", f"https://{'long.' * 10}test:84", "is longer than 60 characters"),
        ('id = "paraugbanka-4011"', 'id = "paraugbanka"', "providers: ids used twice: paraugbanka"),
        ('id = "paraugbanka-4011"\n', "", "provider without id"),
        ('{ file = "../bank/banklink.pub" }', '{ file = "nowhere" }', "there is no file nowhere"),
        ('environment = "test"\n\n[public]', 'environment = "production"\n\n[public]', "VPM-DRV-03"),
        ('certificate = "../pki/issued/gateway/certificate.pem"', 'certificate = "nowhere"', "public: "),
        ("../pki/relying-parties/ca.pem", "nowhere", "mutual_tls.client_ca: "),
        ("../pki/relying-parties/crl.pem", "../pki/relying-parties/ca.pem", "holds no revocation list"),
        ("port = 8444", "port = 8443", "two ports listen on 8443"),
        ("port = 8445", "port = 8444", "two ports listen on 8444"),
        (
            'url = "https://localhost:8445"\nport',
            'url = "https://cards.example:8445"\nport',
            "cards.url: must be the issuer's host",
        ),
        (
            'url = "https://localhost:8445"\nport',
            'url = "https://localhost:8443"\nport',
            "cards.url: must be the issuer's host",
        ),
        (
            'url = "https://localhost:8445"\nport',
            'url = "https://cards.localhost"\nport',
            "card_tls.url must be the url of [cards]",
        ),
        ('client_cas = ["../pki/test-eid/ca.pem"]', 'client_cas = ["../pki/gone.pem"]', "cards.client_cas"),
    ],
)
def test_a_mistake_about_the_gateway_itself_is_named(root: Path, old: str, new: str, said: str) -> None:
    changed(root, old, new)
    assert said in refused(root)


@pytest.mark.parametrize(
    "uri",
    [
        "https://*.test/callback",
        "https://a.test/callback\\r\\nX: y",
        "https:///callback",
        "https://a.test:99999/callback",
        "https://a.test:0/callback",
        "https://a_b.test/callback",
        "https://u@a.test/callback",
        "https://a.test/callback#x",
        "https://a.test\\\\callback",
        "https://ā.test/callback",
        "http://a.test/callback",
        "javascript:alert(1)",
        "https://a.test/callback?code=1",
        "https://a.test/callback?x=1&iss=",
    ],
)
def test_t05_a_redirect_uri_that_is_none_is_refused_at_the_start(root: Path, uri: str) -> None:
    changed(root, REDIRECTS, f'redirect_uris = ["{uri}"]')
    assert "relying_parties.0.oidc.redirect_uris.0: " in refused(root)


def test_a_host_in_upper_case_is_a_good_redirect_uri(root: Path) -> None:
    changed(root, REDIRECTS, 'redirect_uris = ["https://Portal.test/callback?from=vpm"]')
    assert check(root).exit_code == 0


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (KEY, 'algorithm = "ES256", file = "../auctions/p384.pub"', "ES256 needs an EC key on P-256"),
        (KEY, 'algorithm = "ES256", file = "../auctions/rsa2048.pub"', "ES256 needs an EC key on P-256"),
        (KEY, 'algorithm = "PS256", file = "../auctions/rsa1024.pub"', "PS256 needs an RSA key of 2048 bits"),
        (KEY, 'algorithm = "RS256", file = "../auctions/assertion.pub"', "RS256 needs an RSA key"),
        (KEY, 'algorithm = "EdDSA", file = "../auctions/x25519.pub"', "EdDSA needs an Ed25519 key"),
        (
            KEY,
            'algorithm = "ES256", file = "../auctions/assertion.key"',
            "is a private key; it must never leave its server",
        ),
        (KEY, 'algorithm = "ES256", file = "../auctions/garbage.pub"', "holds no public key"),
        (KEY, 'algorithm = "ES256", file = "nowhere"', "relying_parties.izsoles: "),
        (
            KEY,
            'algorithm = "HS256", file = "../auctions/assertion.pub"',
            "relying_parties.0.oidc.assertion_keys.0.algorithm",
        ),
        (f'[{{ kid = "auctions-1", {KEY} }}]', "[]", "assertion_keys must hold a public key"),
        (f'{{ kid = "auctions-1", {KEY} }}', ", ".join([f'{{ kid = "x", {KEY} }}'] * 2), "each kid may stand once"),
        (CERTIFICATE, "", "must name the client certificate"),
        (CERTIFICATE, 'certificates = ["nowhere"]', "relying_parties.izsoles: "),
        (CERTIFICATE, 'certificates = ["../auctions/garbage.pub"]', "holds no certificate"),
        (CERTIFICATE, 'certificates_sha256 = ["ABC"]', "64 lower-case hexadecimal digits"),
        ('home = "https://localhost:7443/"', 'home = "http://localhost:7443/"', "relying_parties.0.home: "),
        ('home = "https://localhost:7443/"', 'home = "https://u@localhost:7443/"', "relying_parties.0.home: "),
        ('profile = "baseline"', 'profile = "lax"', "relying_parties.0.oidc.profile"),
        ('reason = "demo portal', 'reason = ""\n# "', "why baseline is needed"),
        ("\nuntil = ", "\n# until = ", "the last day on which it is allowed"),
        ('profile = "baseline"', 'profile = "baseline"\nsender_constraint = "cookies"', "sender_constraint"),
        ('profile = "baseline"\n', "", "reason and until belong to the profile baseline"),
        (
            'profile = "baseline"',
            'profile = "fapi2"\nsender_constraint = "none"',
            "sender_constraint: fapi2 needs mutual_tls or dpop",
        ),
        (
            'profile = "baseline"',
            'profile = "fapi2"\nassertion_audience = "token_endpoint"',
            "assertion_audience: fapi2 takes assertions for the issuer only",
        ),
        ('sector = "izsoles.demo"', 'sector = "izsoles.demo"\nclaims = ["phone"]', "relying_parties.0.claims.0"),
    ],
)
def test_a_mistake_about_a_relying_party_is_named(root: Path, old: str, new: str, said: str) -> None:
    changed(root, old, new)
    assert said in refused(root)


def registered_again(root: Path, **replaced: str) -> None:
    """Register the portal a second time, with some words replaced."""
    text = settings_of(root).read_text(encoding="utf-8")
    again = text[text.index("[[relying_parties]]") :]
    for old, new in replaced.items():
        again = again.replace(old, new)
    settings_of(root).write_text(f"{text}\n{again}", encoding="utf-8")


def test_two_relying_parties_of_one_name_are_refused(root: Path) -> None:
    registered_again(root)
    assert "relying_parties: ids used twice: izsoles" in refused(root)


def test_t31_two_relying_parties_with_one_certificate_are_refused(root: Path) -> None:
    """The certificate alone says who asks: the second would have been taken for the first, or the other way round."""
    registered_again(root, izsoles="other")
    assert "relying_parties.other: has the same client certificate as izsoles" in refused(root)


def test_every_problem_is_said_at_once(root: Path) -> None:
    changed(root, KEY, 'algorithm = "ES256", file = "nowhere"')
    changed(root, "../pki/relying-parties/ca.pem", "nowhere-either")
    (root / "gateway" / "keys").mkdir(mode=0o700)
    (root / "gateway" / "keys" / "pairwise.key").write_bytes(b"")
    said = refused(root)
    assert all(word in said for word in ("relying_parties.izsoles", "mutual_tls.client_ca", "pairwise.key"))


def test_the_environment_comes_before_the_file(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VPM_GATEWAY_NODE", "Not A Node")
    assert "node: String should match" in refused(root)


def p256(curve: ec.EllipticCurve) -> bytes:
    key = ec.generate_private_key(curve)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize(
    ("name", "spoil", "said"),
    [
        ("signing-1.pem", lambda path: path.chmod(0o644), "can be read by others; run: chmod 600"),
        ("pairwise.key", lambda path: path.chmod(0o640), "can be read by others; run: chmod 600"),
        ("storage.key", lambda path: path.chmod(0o604), "can be read by others; run: chmod 600"),
        ("pairwise.key", lambda path: path.write_bytes(b""), "holds fewer than 32 bytes"),
        ("signing-1.pem", lambda path: path.write_bytes(b"x"), "holds no private key"),
        ("signing-1.pem", lambda path: path.write_bytes(p256(ec.SECP384R1())), "holds no EC key on P-256"),
        ("signing-1.pem", lambda path: path.unlink(), "signing-1.pem"),
    ],
)
def test_t53_a_key_that_others_may_read_or_that_is_none_stops_the_start(
    root: Path, name: str, spoil: Callable[[Path], object], said: str
) -> None:
    assert check(root).exit_code == 0
    spoil(root / "gateway" / "keys" / name)
    outcome = check(root)
    assert outcome.exit_code == 1
    assert isinstance(outcome.exception, SystemExit), outcome.exception
    assert said in outcome.output


def test_keys_are_made_for_their_owner_only(root: Path) -> None:
    assert check(root).exit_code == 0
    keys = root / "gateway" / "keys"
    assert keys.stat().st_mode & 0o077 == 0
    secret = [path for path in keys.iterdir() if path.suffix in {".key", ".pem"}]
    assert len(secret) >= 4
    assert all(path.stat().st_mode & 0o077 == 0 for path in secret)
