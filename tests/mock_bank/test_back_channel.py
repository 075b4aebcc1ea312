"""Who may fetch what over the back channel, and what a journal says."""

import hashlib
import hmac

from mock_bank.back_channel import PEER
from mock_bank.journal import Journal, Record
from tests.mock_bank.conftest import SECRET
from tests.mock_bank.world import NONCES, World


def test_a_confirmation_is_one_for_each_login_and_the_same_when_fetched_again(world: World) -> None:
    world.login_at_once()
    first = world.confirmation()
    world.clock.forward(seconds=10)
    assert world.confirmation().text == first.text


def test_only_the_partner_that_asked_gets_the_confirmation(world: World) -> None:
    world.login_at_once()
    world.back_channel.environ_base[PEER] = lambda: "cd" * 32
    assert world.confirmation().status_code == 404
    world.back_channel.environ_base[PEER] = lambda: "ef" * 32
    assert world.confirmation().status_code == 403
    world.back_channel.environ_base[PEER] = lambda: None
    assert world.confirmation().status_code == 401


def test_either_registered_certificate_of_a_partner_is_accepted_mtl_19(world: World) -> None:
    world.login_at_once()
    world.back_channel.environ_base[PEER] = lambda: "ab" * 32
    assert world.confirmation().status_code == 200


def test_there_is_no_confirmation_before_the_person_agreed_nor_five_minutes_after(world: World) -> None:
    login = world.at_consent(NONCE=NONCES[0])
    assert world.confirmation().status_code == 404
    world.clock.forward(minutes=9)
    world.post(f"{login}/consent", decision="agree")
    assert world.confirmation().status_code == 200
    world.clock.forward(seconds=301)
    assert world.confirmation().status_code == 404


def test_the_journal_holds_each_flow_under_its_blinded_id_aud_05(world: World) -> None:
    world.answered(NONCE=NONCES[0])
    login = world.begun(NONCE=NONCES[1])
    world.post(f"{login}/cancel")
    world.ask(world.partner.body(NONCE="3" * 32, REC_ID="X"))
    claims = world.claims(world.journal())
    salt = hmac.digest(bytes.fromhex(SECRET), b"vpm-journal 2026-11-24", hashlib.sha256)
    blinded = [hmac.new(salt, nonce.encode(), hashlib.sha256).hexdigest() for nonce in (*NONCES, "3" * 32)]
    assert [entry["id"] for entry in claims["entries"]] == blinded
    assert [entry["outcome"] for entry in claims["entries"]] == ["succeeded", "refused", "refused"]
    assert [entry.get("reason") for entry in claims["entries"]] == [None, "cancelled", "request-refused"]
    assert (claims["count"], claims["iss"], claims["aud"]) == (3, "DEMOBANK", "EIDGW")


def test_a_journal_shows_a_partner_nothing_of_another(world: World) -> None:
    world.login_at_once()
    world.back_channel.environ_base[PEER] = lambda: "cd" * 32
    assert world.claims(world.journal())["entries"] == []


def test_the_journal_names_nobody_and_no_secret_aud_11(world: World) -> None:
    world.answered("100001")
    text = repr(world.claims(world.journal()))
    assert not any(word in text for word in ("Anna", "Bērziņa", "24177", "parole"))


def test_a_journal_needs_two_moments_with_a_zone(world: World) -> None:
    for query in ("", "from=1&to=x", "from=2026-11-24T10:00:00&to=2"):
        assert world.back_channel.get(f"/vpm/v1/journal?{query}").status_code == 400
    fine = world.back_channel.get("/vpm/v1/journal?from=2026-11-24T10:00:00Z&to=2026-11-24T14:00:00%2B02:00")
    assert fine.status_code == 200


def test_the_journal_outlives_the_bank(world: World) -> None:
    world.login_at_once()
    world.bank.journal.flush()
    reopened = Journal(world.bank.settings.database)
    assert [record.outcome for record in reopened.between("EIDGW", 0, 1 << 40)] == ["identified"]
    reopened.close()


def test_records_queued_before_closing_are_committed(world: World) -> None:
    second = Journal(world.bank.settings.database)
    for number in range(500):
        second.record(Record(number, "P", str(number), "", "identified", ""))
    second.close()
    assert len(world.bank.journal.between("P", 0, 1000)) == 500
