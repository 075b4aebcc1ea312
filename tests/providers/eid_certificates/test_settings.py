"""Settings by which people's certificates are judged: contradictions are said at once, production takes no test CA."""

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from providers.eid_certificates.settings import EidCertificateSettings, open_certificate_judge
from providers.errors import ProviderError
from providers.personal_code import CodeStructure
from providers.settings import InvalidProviderSettings, read_entry
from tests.providers.eid_certificates.world import World
from tests.support.eid_authority import POLICY, EidAuthority, Held


@pytest.fixture
def folder(tmp_path: Path, authority: EidAuthority) -> Path:
    real = EidAuthority(name="LV eID ICA 2021")
    files = {
        "ca.pem": authority.ca.pem,
        "root.pem": authority.root.pem,
        "card.pem": authority.card().pem,
        "real.pem": real.ca.pem,
        "real-root.pem": real.root.pem,
        "key.pem": b"garbage",
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def entry(world: World, **changes: Any) -> dict[str, Any]:
    return {
        "anchors": [{"file": "ca.pem", "above": "root.pem"}],
        "policies": [POLICY],
        "ocsp": {"responders": [world.server.url]},
        "lists": {"addresses": [f"{world.server.url}/crl/"], "seen": "seen.json"},
        **changes,
    }


def problems(world: World, folder: Path, environment: str = "test", **changes: Any) -> str:
    found: list[str] = []
    settings = read_entry(EidCertificateSettings, entry(world, **changes), folder)
    judge = open_certificate_judge(
        settings, environment=environment, structure=CodeStructure.REJECT, clock=world.clock, problems=found
    )
    assert (judge is None) == bool(found)
    return "\n".join(found)


def test_settings_that_are_whole_open_a_judge_that_judges(world: World, folder: Path) -> None:
    card = world.authority.card()
    world.answers(card)
    world.lists("root", world.authority.crl(signer=world.authority.root))
    settings = read_entry(EidCertificateSettings, entry(world), folder)
    judge = open_certificate_judge(
        settings, environment="test", structure=CodeStructure.REJECT, clock=world.clock, problems=[]
    )
    assert judge is not None
    assert judge.vouch(judge.trust(card.der)).person.personal_code.key == "32123456789"
    assert (folder / "seen.json").exists()
    with pytest.raises(ProviderError, match="cert_policy"):
        judge.trust(world.authority.card(policies=()).der)


def test_production_takes_no_authority_that_says_it_is_for_tests(world: World, folder: Path) -> None:
    """8.3."""
    assert "ca.pem says that it is for tests" in problems(world, folder, "production")
    anchors = [{"file": "real.pem", "above": "real-root.pem"}]
    assert problems(world, folder, "production", anchors=anchors) == ""


def test_production_needs_to_hear_of_a_revoked_authority(world: World, folder: Path) -> None:
    """8.4 rule 10."""
    assert "needs 'above'" in problems(world, folder, "production", anchors=[{"file": "real.pem"}])
    assert "lists: must say" in problems(
        world, folder, "production", anchors=[{"file": "real.pem", "above": "real-root.pem"}], lists=None
    )
    assert problems(world, folder, anchors=[{"file": "ca.pem"}], lists=None) == ""


@pytest.mark.parametrize(
    ("anchors", "said"),
    [
        ([{"file": "card.pem"}], "card.pem is no certificate authority's certificate"),
        ([{"file": "ca.pem", "above": "real-root.pem"}], "ca.pem was not issued by the authority in 'above'"),
        ([{"file": "key.pem"}], "holds no certificate"),
    ],
)
def test_what_is_no_authority_is_said_so(world: World, folder: Path, anchors: list[Any], said: str) -> None:
    assert said in problems(world, folder, anchors=anchors)


def test_an_authority_with_a_weak_key_is_refused(world: World, folder: Path) -> None:
    weak = world.authority.certify_ca(ec.generate_private_key(ec.SECP256K1()))
    (folder / "weak.pem").write_bytes(Held(weak, world.authority.ca.key).pem)
    assert "has a key of a kind or size that is not taken" in problems(world, folder, anchors=[{"file": "weak.pem"}])


def test_the_designated_responder_and_those_without_nonce_must_be_on_the_list(world: World, folder: Path) -> None:
    ocsp = {"responders": [world.server.url], "designated": "http://other.test/", "nonce_free": ["http://third.test"]}
    said = problems(world, folder, ocsp=ocsp)
    assert "ocsp.designated: its server must be one of ocsp.responders" in said
    assert "ocsp.nonce_free: http://third.test must be one of ocsp.responders" in said


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"anchors": []}, "anchors"),
        ({"policies": []}, "policies"),
        ({"policies": ["1.2..3"]}, "policies"),
        ({"ocsp": {"responders": []}}, "responders"),
        ({"ocsp": {"responders": ["https://ocsp.test"]}}, "responders"),
        ({"ocsp": {"responders": ["http://ocsp.test"], "max_age_seconds": 601}}, "max_age_seconds"),
        ({"lists": {"addresses": ["http://crl.test/one.crl"], "seen": "s"}}, "addresses"),
        ({"lists": {"addresses": ["ftp://crl.test/"], "seen": "s"}}, "addresses"),
        ({"fail_open": True}, "fail_open"),
    ],
)
def test_form_is_refused_at_once(world: World, folder: Path, changes: dict[str, Any], where: str) -> None:
    """T34: an answer may never be older than ten minutes; there is no way to fail open."""
    with pytest.raises(InvalidProviderSettings, match=where):
        read_entry(EidCertificateSettings, entry(world, **changes), folder)
