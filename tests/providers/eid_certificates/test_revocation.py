"""Revocation over real sockets: responder, lists, and hard fail (eid-providers.md 8.4; T33, T34; EID-05 to EID-09)."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ocsp

from providers.eid_certificates.anchors import Anchors
from providers.eid_certificates.judge import CertificateJudge, VouchedPerson
from providers.eid_certificates.revocation import BY_LIST
from providers.errors import ProviderError, ProviderUnavailable
from providers.plain_http import PlainHttp
from tests.providers.eid_certificates.world import OCSP, World
from tests.support.eid_authority import NOW, Held, part, subject_of
from tests.support.plain_server import Answer, http

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def vouched(judge: CertificateJudge, card: Held) -> VouchedPerson:
    return judge.vouch(judge.trust(card.der))


def refusal(judge: CertificateJudge, card: Held) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        vouched(judge, card)
    return caught.value


def test_a_good_answer_vouches_and_is_kept_as_evidence(world: World) -> None:
    card = world.authority.card()
    world.answers(card)
    person = vouched(world.judge(), card)
    assert person.person.personal_code.display == "321234-56789"
    (exchange,) = person.exchanges
    assert (exchange.method, exchange.status, exchange.sent) == ("POST", 200, world.server.requests[0][1])
    assert ocsp.load_der_ocsp_response(exchange.received).certificate_status is ocsp.OCSPCertStatus.GOOD


def test_the_question_is_a_plain_post_that_says_nothing_more_than_it_must(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    card = world.authority.card()
    world.answers(card)
    vouched(world.judge(), card)
    head = world.server.heads[-1].decode().lower()
    assert head.startswith("post /ocsp http/1.1")
    assert "content-type: application/ocsp-request" in head
    assert "accept-encoding: identity" in head
    assert not {"cookie", "referer", "authorization"} & {line.partition(":")[0] for line in head.splitlines()}


@pytest.mark.parametrize("status", [ocsp.OCSPCertStatus.REVOKED, ocsp.OCSPCertStatus.UNKNOWN])
def test_revoked_and_unknown_cards_are_refused_even_where_a_list_would_let_them_in(
    world: World, tmp_path: Path, status: ocsp.OCSPCertStatus
) -> None:
    card = world.authority.card()
    world.answers(card, status=status)
    world.lists("1", world.authority.crl())
    refused = refusal(world.judge(tmp_path), card)
    assert refused.reason == "cert_revoked"
    assert len(refused.exchanges) == 1
    assert world.asked("/crl/1.crl") == 0


def never() -> Answer:
    yield b"HTTP/1.1 200 OK\r\n"


SILENT: dict[str, Callable[[bytes], Answer]] = {
    "500": lambda _: http(status="500 Internal Server Error"),
    "redirect": lambda _: http(status="302 Found", headers=("Location: http://localhost:9/",)),
    "another media type": lambda _: http(b"\x30\x03\x0a\x01\x00", kind="text/html"),
    "no answer": lambda _: b"",
    "half an answer": lambda _: (
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\nContent-Type: " + OCSP.encode() + b"\r\n\r\nx"
    ),
    "garbage": lambda _: http(b"garbage", kind=OCSP),
    "unsuccessful": lambda _: http(b"\x30\x03\x0a\x01\x03", kind=OCSP),
    "too long": lambda _: http(b"\x30" * (64 * 1024 + 1), kind=OCSP),
    "packed": lambda _: http(b"", kind=OCSP, headers=("Content-Encoding: gzip",)),
}


@pytest.mark.parametrize("name", SILENT)
def test_without_a_usable_answer_nobody_is_let_in(world: World, name: str) -> None:
    """EID-07: fail closed."""
    card = world.authority.card()
    world.paths["/ocsp"] = SILENT[name]
    refused = refusal(world.judge(), card)
    assert isinstance(refused, ProviderUnavailable)
    assert refused.reason == "revocation_unavailable"
    assert len(refused.exchanges) == 1


@pytest.mark.parametrize("name", SILENT)
def test_the_list_of_the_certificates_own_part_decides_when_no_responder_answers(
    world: World, tmp_path: Path, name: str
) -> None:
    card, revoked = world.authority.card(part="7"), world.authority.card(part="7")
    world.paths["/ocsp"] = SILENT[name]
    world.lists("7", world.authority.crl(revoked=[revoked.certificate], scope=part(world.url_of("7"))))
    person = vouched(world.judge(tmp_path), card)
    assert BY_LIST in person.flags
    assert [exchange.method for exchange in person.exchanges] == ["POST", "GET"]
    assert refusal(world.judge(tmp_path), revoked).reason == "cert_revoked"


def test_a_certificate_without_responder_is_looked_up_in_the_list(world: World, tmp_path: Path) -> None:
    card = world.authority.card(responder=None)
    world.lists("1", world.authority.crl())
    assert BY_LIST in vouched(world.judge(tmp_path), card).flags
    assert refusal(world.judge(), card).reason == "revocation_unavailable"


def test_a_responder_that_is_not_on_the_list_is_never_called(world: World) -> None:
    """8.5: no address out of a message is fetched."""
    other = PlainHttp({"http://localhost:1"})
    assert not other.reaches(world.server.url)
    for url in (world.server.url.replace("localhost", "127.0.0.1"), "https://ocsp.test/", "http://u@localhost/", "x"):
        refused = refusal(world.judge(), world.authority.card(responder=url))
        assert refused.reason == "not_trusted"
    assert world.server.requests == []


def test_a_designated_responder_is_asked_instead_of_the_one_in_the_certificate(world: World) -> None:
    card = world.authority.card(responder="http://elsewhere.test/")
    world.answers(card)
    revocation = world.revocation(designated=f"{world.server.url}/ocsp")
    assert vouched(world.judge(revocation=revocation), card).exchanges[0].endpoint.endswith("/ocsp")


def test_a_responder_without_nocheck_is_looked_up_in_the_list(world: World, tmp_path: Path) -> None:
    """Rule 5: not itself revoked."""
    card, signer = world.authority.card(), world.authority.responder(nocheck=False, part="9")
    world.answers(card, signer=signer)
    assert refusal(world.judge(), card).reason == "revocation_unavailable"
    world.lists("9", world.authority.crl())
    assert vouched(world.judge(tmp_path), card).flags == frozenset()


def test_a_revoked_responder_says_nothing(world: World, tmp_path: Path) -> None:
    card, signer = world.authority.card(), world.authority.responder(nocheck=False, part="9")
    world.answers(card, signer=signer)
    world.lists("9", world.authority.crl(revoked=[signer.certificate]))
    assert refusal(world.judge(tmp_path), card).reason == "revocation_unavailable"


# --- lists ---


def by_list(world: World, folder: Path, crl: bytes, card: Held | None = None) -> str:
    world.lists("1", crl)
    try:
        vouched(world.judge(folder), card or world.authority.card(responder=None))
    except ProviderError as error:
        return error.reason
    return "let in"


def other_ca(world: World) -> Held:
    """Another key under the same name."""
    stranger = world.authority.card()
    return Held(world.authority.certify_ca(stranger.key), stranger.key)


UNBELIEVABLE: dict[str, Callable[[World], bytes]] = {
    "signed by another key": lambda world: world.authority.crl(signer=other_ca(world)),
    "of another issuer": lambda world: world.authority.crl(signer=world.authority.root),
    "ended": lambda world: world.authority.crl(made=NOW - 13 * HOUR),
    "from the future": lambda world: world.authority.crl(made=NOW + MINUTE),
    "too long a life": lambda world: world.authority.crl(life=25 * HOUR),
    "a delta": lambda world: world.authority.crl(more=[(x509.DeltaCRLIndicator(1), True)]),
    "critical and unknown": lambda world: world.authority.crl(
        more=[(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True)]
    ),
    "another part": lambda world: world.authority.crl(scope=part(world.url_of("2"))),
    "authorities only": lambda world: world.authority.crl(scope=part(world.url_of("1"), only_contains_ca_certs=True)),
    "attributes only": lambda world: world.authority.crl(
        scope=part(world.url_of("1"), only_contains_attribute_certs=True)
    ),
    "some reasons only": lambda world: world.authority.crl(
        scope=part(world.url_of("1"), only_some_reasons=frozenset({x509.ReasonFlags.key_compromise}))
    ),
    "indirect": lambda world: world.authority.crl(scope=part(world.url_of("1"), indirect_crl=True)),
    "no list": lambda _: b"garbage",
    "empty": lambda _: b"",
}


@pytest.mark.parametrize("name", UNBELIEVABLE)
def test_a_list_that_is_not_to_be_believed_lets_nobody_in(world: World, tmp_path: Path, name: str) -> None:
    assert by_list(world, tmp_path, UNBELIEVABLE[name](world)) == "revocation_unavailable"


@pytest.mark.parametrize("changes", [{}, {"only_contains_user_certs": True}])
def test_an_honest_list_lets_in_and_keeps_out(world: World, tmp_path: Path, changes: dict[str, Any]) -> None:
    card = world.authority.card(responder=None)
    scope = part(world.url_of("1"), **changes)
    assert by_list(world, tmp_path, world.authority.crl(scope=scope), card) == "let in"
    later = world.authority.crl(scope=scope, revoked=[card.certificate], number=2, made=NOW + MINUTE)
    world.now += MINUTE
    assert by_list(world, tmp_path, later, card) == "cert_revoked"


def test_a_list_elsewhere_than_the_settings_say_is_never_fetched(world: World, tmp_path: Path) -> None:
    world.paths["/other/1.crl"] = lambda _: http(world.authority.crl())
    for where in ("../other/1", "./../other/1"):
        card = world.authority.card(responder=None, part=where)
        assert refusal(world.judge(tmp_path), card).reason == "revocation_unavailable"
    assert world.server.requests == []


def test_an_older_list_is_refused_also_by_a_process_that_starts_anew(world: World, tmp_path: Path) -> None:
    """T34: no rollback; the newest list of each part is remembered durably."""
    card = world.authority.card(responder=None)
    old = world.authority.crl(number=1)
    new = world.authority.crl(number=2, made=NOW + MINUTE, revoked=[card.certificate])
    world.now += MINUTE
    assert by_list(world, tmp_path, new, card) == "cert_revoked"
    assert by_list(world, tmp_path, old, card) == "revocation_unavailable"
    assert by_list(world, tmp_path, new, card) == "cert_revoked"


def test_parts_of_one_authority_count_each_for_itself(world: World, tmp_path: Path) -> None:
    judge = world.judge(tmp_path)
    for number, name in ((9, "1"), (3, "2")):
        world.lists(name, world.authority.crl(number=number, scope=part(world.url_of(name))))
        vouched(judge, world.authority.card(responder=None, part=name))


def test_a_list_is_fetched_once_until_it_must_be_fresher(world: World, tmp_path: Path) -> None:
    judge, card = world.judge(tmp_path), world.authority.card(responder=None)
    world.lists("1", world.authority.crl())
    assert len(vouched(judge, card).exchanges) == 1
    assert vouched(judge, card).exchanges == ()
    world.now += 15 * MINUTE
    vouched(judge, card)
    assert world.asked("/crl/1.crl") == 2


def test_a_kept_list_counts_until_its_end_and_no_longer_when_no_new_one_comes(world: World, tmp_path: Path) -> None:
    judge, card = world.judge(tmp_path), world.authority.card(responder=None)
    world.lists("1", world.authority.crl(life=2 * HOUR))
    vouched(judge, card)
    for broken in (http(status="503 Service Unavailable"), http(b"garbage")):
        world.paths["/crl/1.crl"] = lambda _, answer=broken: answer  # type: ignore[misc]  # bound here and now
        world.now = NOW + HOUR
        assert vouched(judge, card).flags == {BY_LIST}
    world.now = NOW + 2 * HOUR
    assert refusal(judge, card).reason == "revocation_unavailable"


# --- the authorities themselves ---


def judge_below_root(world: World, folder: Path) -> CertificateJudge:
    lists = world.revocation_lists(
        PlainHttp({world.server.url}), folder, refresh=24 * HOUR, longest_life=timedelta(days=400)
    )
    return world.judge(
        anchors=Anchors([world.issuing_below_root]), revocation=world.revocation(lists_of_authorities=lists)
    )


def test_an_authority_is_looked_up_once_a_day(world: World, tmp_path: Path) -> None:
    """Rule 10; an offline root's list may last a year."""
    card = world.authority.card()
    world.answers(card)
    root = world.authority.root
    world.lists(
        "root",
        world.authority.crl(
            signer=root, life=timedelta(days=365), scope=part(world.url_of("root"), only_contains_ca_certs=True)
        ),
    )
    judge = judge_below_root(world, tmp_path)
    for _ in range(3):
        vouched(judge, card)
    assert world.asked("/crl/root.crl") == 1


@pytest.mark.parametrize(("revoked", "code"), [(True, "not_trusted"), (False, "revocation_unavailable")])
def test_a_revoked_authority_and_one_that_nobody_speaks_of_let_nobody_in(
    world: World, tmp_path: Path, revoked: bool, code: str
) -> None:
    card = world.authority.card()
    world.answers(card)
    if revoked:
        root = world.authority.root
        world.lists("root", world.authority.crl(signer=root, revoked=[world.authority.ca.certificate]))
    assert refusal(judge_below_root(world, tmp_path), card).reason == code


def test_an_identity_that_is_refused_keeps_what_the_responder_said(world: World) -> None:
    card = world.authority.card(subject=subject_of(code="PNOEE-38001085718"))
    world.answers(card)
    refused = refusal(world.judge(), card)
    assert (refused.reason, len(refused.exchanges)) == ("identity_incomplete", 1)


def test_a_responder_that_knows_only_sha1_is_asked_so_by_its_setting(world: World) -> None:
    card = world.authority.card()
    world.answers(card)
    revocation = world.revocation(digest=hashes.SHA1())
    vouched(world.judge(revocation=revocation), card)
    asked = ocsp.load_der_ocsp_request(world.server.requests[-1][1])
    assert isinstance(asked.hash_algorithm, hashes.SHA1)
