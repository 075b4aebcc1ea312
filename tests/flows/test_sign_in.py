"""A person signs in to the auction register through a bank, end to end, over real sockets."""

import pytest

from gateway.demo.places import PROVIDER, Places
from mock_bank.personas import PERSONAS, Kind, Persona
from tests.flows.auditor import audit, records_of
from tests.flows.walking import Walk
from tests.support.gateway_parts import eventually

pytestmark = pytest.mark.xdist_group("flows")

GOOD = [p for p in PERSONAS if p.kind is Kind.ORDINARY and p.given_name]


@pytest.mark.parametrize("persona", GOOD, ids=lambda persona: persona.purpose)
def test_vpm_drv_07_every_test_persons_fields_reach_the_register_byte_for_byte(
    places: Places, persona: Persona
) -> None:
    walk = Walk(places, persona)
    walk.to_end()
    assert walk.signed_in, walk.page.text
    entry = walk.entry
    assert entry["given_name"].encode() == persona.given_name.encode()
    assert entry["family_name"].encode() == persona.family_name.encode()
    assert entry["personal_code"].encode() == persona.personal_code.encode()


@pytest.mark.parametrize(
    "persona", [p for p in PERSONAS if p.kind is not Kind.ORDINARY or not p.given_name], ids=lambda p: p.purpose
)
def test_whoever_cannot_be_vouched_for_is_not_signed_in(places: Places, persona: Persona) -> None:
    walk = Walk(places, persona)
    walk.to_consent()
    if "/consent" in walk.page.url:
        walk.browser.submit("/consent", decision="agree")
    if "/return/" in walk.page.text and 'name="VK_MAC"' in walk.page.text:
        walk.browser.submit("/return/")
    assert not walk.signed_in
    assert (
        walk.browser.open(f"{places.auctions}/my-entry.json").status_code != 200 or "given_name" not in walk.page.text
    )


def test_vpm_drv_09_one_login_leaves_its_records_in_order_and_proven(places: Places) -> None:
    walk = Walk(places)
    walk.to_end()
    login = next(url for url in walk.browser.visited if "/continue" in url).split("/")[-2]
    records = records_of(places, login)
    assert [record["event"]["type"] for record in records] == [
        "login.requested",
        "login.sent-to-provider",
        "login.answer-received",
        "login.back-channel-intended",
        "login.back-channel-answered",
        "login.identity-verified",
        "login.code-issued",
        "token.issued",
    ]
    assert eventually(lambda: all(record["proven"] for record in records_of(places, login))), "sealed within a second"
    verified = records[5]["event"]
    assert verified["authentication"]["interface"] == "banklink"
    assert verified["authentication"]["factors"] == "knowledge possession"
    assert audit(places, "verify").exit_code == 0


def test_vpm_sec_03_no_name_or_code_stands_in_the_log_in_clear(places: Places) -> None:
    walk = Walk(places)
    walk.to_end()
    database = (places.root / "gateway" / "gateway.db").read_bytes()
    log = (places.root / "gateway" / "gateway.log").read_bytes()
    journal = (places.root / "gateway" / "gateway.db-wal").read_bytes()
    for canary in ("Bērziņa", "BĒRZIŅA", "150930-24177", "15093024177"):
        for spelling in (canary.encode(), canary.encode("unicode_escape"), canary.encode("cp1257")):
            assert spelling not in database
            assert spelling not in journal
            assert spelling not in log


def test_two_tabs_do_not_disturb_each_other(places: Places) -> None:
    first = Walk(places)
    first.to_answer()
    second = Walk(places)
    second.browser = first.browser
    page, form = first.browser.page, first.browser.form("/return/")
    second.to_end()
    assert second.signed_in
    first.browser.page = page
    first.browser.session.post(form.action, data=form.fields, timeout=30)


def test_back_and_reload_after_signing_in_lead_back_to_the_portal(places: Places) -> None:
    walk = Walk(places)
    walk.to_end()
    resumed = next(url for url in walk.browser.visited if "/continue" in url)
    page = walk.browser.open(resumed)
    assert page.status_code == 200
    assert places.auctions in page.text
    assert walk.browser.open(resumed.removesuffix("/continue")).status_code == 200


def test_cancelling_takes_the_person_back_and_tells_the_portal(places: Places) -> None:
    walk = Walk(places)
    walk.to_choices()
    walk.browser.submit("/cancel")
    assert walk.page.url.startswith(places.auctions)
    assert not walk.signed_in or "my-entry" not in walk.page.url
    assert any("error=access_denied" in url for url in walk.browser.visited)
    assert any("iss=" in url for url in walk.browser.visited)


def test_signing_out_ends_at_the_portal(places: Places) -> None:
    walk = Walk(places)
    walk.to_end()
    walk.browser.submit("/sign-out")
    assert walk.page.url.startswith(f"{places.auctions}/signed-out")
    assert walk.browser.open(f"{places.auctions}/my-entry").url != f"{places.auctions}/my-entry"


def test_the_older_pair_4011_3012_signs_in_with_the_reference_that_the_browser_carries(places: Places) -> None:
    walk = Walk(places, provider=f"{PROVIDER}-4011")
    walk.to_answer()
    cookie = next(one for one in walk.browser.session.cookies if one.name == "__Host-vpm-reference")
    assert cookie.secure
    walk.browser.submit("/return/")
    assert walk.signed_in, walk.page.text


def test_an_answer_without_nonce_is_refused_from_a_browser_that_carries_no_reference(places: Places) -> None:
    walk = Walk(places, provider=f"{PROVIDER}-4011")
    walk.to_answer()
    walk.browser.session.cookies.clear()
    walk.browser.submit("/return/")
    assert walk.page.status_code == 400
    assert not walk.signed_in
