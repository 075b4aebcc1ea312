"""Every mistake in a registration is said at once, in words for the portal's developer."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from tests.gateway.registration.conftest import Folder, utc_now


def weak_key(path: Path) -> None:
    key = rsa.generate_private_key(65537, 1024).public_key()
    path.write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


def private_key(path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def test_a_good_registration_has_no_mistakes(folder: Folder) -> None:
    assert folder.mistakes(folder.says()) == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"redirect_uris": ["https://portal.test/callback#x"]}, "oidc.redirect_uris.1: 'https://portal.test/callback#x'"),
        ({"redirect_uris": ["http://portal.test/callback"]}, "must be https"),
        ({"redirect_uris": ["https://*.portal.test/callback"]}, "without fragment, wildcard, blank, backslash or user"),
        ({"redirect_uris": ["https://me@portal.test/callback"]}, "oidc.redirect_uris.1: "),
        ({"redirect_uris": []}, "oidc.redirect_uris: needs at least one entry"),
        ({"redirect_uris": "https://portal.test/callback"}, 'oidc.redirect_uris: must be a list, as in ["…"]'),
        ({"redirect_url": ["https://portal.test/callback"]}, "oidc.redirect_url: there is no such setting; is redirect_uris meant?"),
        ({"assertion_keys": []}, "assertion_keys must hold a public key for private_key_jwt"),
        ({"assertion_keys": [{"kid": "a", "file": "nowhere.pub"}]}, "oidc.assertion_keys.1: there is no file"),
        ({"assertion_keys": [{"file": "portal.pub"}]}, "oidc.assertion_keys.1.kid: is missing"),
        ({"assertion_keys": [{"kid": "a", "file": "portal.pub", "algorithm": "HS256"}]}, "'HS256' is none of 'ES256', "),
        ({"assertion_keys": [{"kid": "a", "file": "portal.pem"}]}, "portal.pem holds no public key in PEM"),
        ({"reason": ""}, "reason: say in 8 letters or more why baseline is needed"),
        ({"until": None}, "until: baseline needs the last day on which it is allowed"),
        ({"until": "some day"}, "oidc.until: must be a day, as in 2027-11-24"),
        ({"profile": "lax"}, "oidc.profile: 'lax' is none of 'fapi2', 'baseline'"),
        ({"profile": "fapi2"}, "reason and until belong to the profile baseline"),
        ({"certificates": []}, "certificates or certificates_sha256 must name the client certificate"),
        ({"certificates": ["portal.pub"]}, "oidc.certificates.1: portal.pub holds no certificate in PEM"),
        ({"certificates": ["nowhere.pem"]}, "oidc.certificates.1: there is no file"),
        ({"certificates": ["foreign.pem"]}, "foreign.pem was not issued by CN="),
        ({"certificates": ["server.pem"]}, "server.pem is no certificate of the profile relying-party-client: "),
        ({"certificates_sha256": ["AA:BB"]}, "AA:BB: a SHA-256 fingerprint is 64 lower-case hexadecimal digits"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_part_for_openid_connect_is_named(folder: Folder, changed: dict[str, Any], said: str) -> None:
    found = folder.mistakes(folder.says(**changed))
    assert any(said in line for line in found), found
    assert len(found) == 1, "one mistake is said once"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda says: says.pop("id"), "id: is missing"),
        (lambda says: says.update(id="Mans Portāls"), "id: must begin with a lower-case letter and hold"),
        (lambda says: says.update(claims=["given_name", "phone"]), "claims.2: 'phone' is none of 'given_name', "),
        (lambda says: says["name"].pop("lv"), "name.lv: is missing"),
        (lambda says: says.update(name="Portal"), "name: must be a table of settings"),
        (lambda says: says.update(home="http://portal.test"), "home: 'http://portal.test': must be https"),
        (lambda says: says.update(sector=""), "sector: must not be empty"),
        (lambda says: says.update(minimum_assurance="highest"), "minimum_assurance: 'highest' is none of 'low', "),
        (lambda says: says.update(clams=[]), "clams: there is no such setting; is claims meant?"),
    ],
)
def test_a_mistake_about_the_party_is_named(folder: Folder, change: Callable[[Any], object], said: str) -> None:
    says = folder.says()
    change(says)
    found = folder.mistakes(says)
    assert any(line.startswith(said) for line in found), found
    assert len(found) == 1


def test_a_private_key_is_called_one_and_what_to_hand_in_is_said(folder: Folder) -> None:
    private_key(folder.path / "portal.pub")
    (said,) = folder.mistakes(folder.says())
    assert "portal.pub is a private key; it must never leave its server" in said
    assert "openssl pkey" in said


def test_a_key_that_is_too_weak_is_named(folder: Folder) -> None:
    weak_key(folder.path / "weak.pub")
    keys = [{"kid": "a", "file": "weak.pub", "algorithm": "PS256"}]
    (said,) = folder.mistakes(folder.says(assertion_keys=keys))
    assert "PS256 needs an RSA key of 2048 bits or more" in said


def test_one_kid_for_two_keys_and_one_key_under_two_kids_are_named(folder: Folder) -> None:
    twice = [{"kid": "a", "file": "portal.pub"}, {"kid": "a", "file": "new.pub"}]
    assert "each kid may stand once" in str(folder.mistakes(folder.says(assertion_keys=twice)))
    same = [{"kid": "a", "file": "portal.pub"}, {"kid": "b", "file": "portal.pub"}]
    (said,) = folder.mistakes(folder.says(assertion_keys=same))
    assert said == "oidc.assertion_keys.2: is the same key as number 1; a new kid needs a new key"


def test_a_certificate_that_has_expired_is_named_with_its_day(folder: Folder) -> None:
    now = utc_now() + timedelta(days=30)
    (said,) = folder.mistakes(folder.says(), now)
    assert "portal.pem expired on " in said


def test_an_end_that_is_past_is_named(folder: Folder) -> None:
    said = folder.mistakes(folder.says(until=utc_now().date() - timedelta(days=1)))
    assert any("is past; baseline would never be allowed" in line for line in said)


def test_every_mistake_is_said_at_once(folder: Folder) -> None:
    """Nine mistakes of all kinds in one registration: settings, rules between settings, key, certificate."""
    private_key(folder.path / "private.pub")
    says = folder.says(
        redirect_uris=["http://portal.test/callback", "https://portal.test/ok", "https://portal.test/x#y"],
        assertion_keys=[{"kid": "a", "file": "private.pub"}, {"kid": "b", "file": "nowhere.pub"}],
        certificates=["foreign.pem"],
        reason="",
    )
    says["claims"] = ["phone"]
    says["home"] = "portal.test"
    del says["sector"]
    found = "\n".join(folder.mistakes(says))
    for said in (
        "oidc.redirect_uris.1: ",
        "oidc.redirect_uris.3: ",
        "oidc.assertion_keys.1: private.pub is a private key",
        "oidc.assertion_keys.2: there is no file",
        "oidc.certificates.1: foreign.pem was not issued by",
        "why baseline is needed",
        "claims.1: ",
        "home: ",
        "sector: is missing",
    ):
        assert said in found
    assert found.count("\n") == 8, found


@pytest.mark.parametrize("says", [{}, {"id": 1, "oidc": []}, {"oidc": {"assertion_keys": {}, "certificates": [1]}}])
def test_what_is_no_registration_at_all_is_refused_with_words(folder: Folder, says: dict[str, Any]) -> None:
    found = folder.mistakes(says)
    assert len(found) >= 3
    assert all(": " in line for line in found)
