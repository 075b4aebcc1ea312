"""A person signs in to the auction register and out again (AUC-REG-02, security.md 8.1 baseline)."""

import pytest

from tests.portals.browser import DETAILS, Visitor
from tests.portals.gateway_double import GatewayDouble

PERSONS = [
    ("Anna", "Bērziņa", "010117-12345"),
    ("Ģirts", "Ķēniņš-Žīgurs", "311217-20000"),
    ("Elīna Līga", "Šņēviča-Ūsiņa", "290220-29999"),
    ("Jānis", "Āboliņš", "000000-00000"),
    ("N1", "Cilvēks", "321234-56789"),
    ("N2", "Cilvēks", "350000-00001"),
    ("N3", "Cilvēks", "399999-99999"),
    ("Anna", "van der Berg", "150820-21234"),
    ("Seán", "O'Neill-D’Arcy", "150820-21235"),
    ("Łukasz", "Größe Őry", "150820-21236"),
    ("Ā" * 80, "Ž" * 80, "150820-21237"),
    ("Be\u0304rta", "Kalnin\u0327a", "150820-21238"),
    ("  Ilze ", "<b>Ozola & Co</b>", "150820-21239"),
]


def test_the_first_sign_in_makes_an_entry_and_asks_for_the_rest(visitor: Visitor) -> None:
    answer = visitor.sign_in()
    assert (answer.status_code, answer.headers["Location"]) == (303, "/my-entry/details")
    assert visitor.my_entry() == {
        "given_name": "Anna",
        "family_name": "Bērziņa",
        "personal_code": "010117-12345",
        "state": "incomplete",
    }


@pytest.mark.parametrize(("given_name", "family_name", "personal_code"), PERSONS)
def test_the_three_fields_arrive_byte_for_byte(
    visitor: Visitor, gateway: GatewayDouble, given_name: str, family_name: str, personal_code: str
) -> None:
    gateway.person = {"given_name": given_name, "family_name": family_name, "personal_code": personal_code}
    visitor.sign_in()
    shown = visitor.my_entry()
    assert [shown[name].encode() for name in gateway.person] == [value.encode() for value in gateway.person.values()]


def test_a_person_completes_the_entry_and_finds_it_at_the_next_sign_in(visitor: Visitor) -> None:
    visitor.sign_in()
    assert visitor.register().headers["Location"] == "/my-entry?saved=yes"
    visitor.send("/my-entry", {}, action="/sign-out")
    assert visitor.sign_in().headers["Location"] == "/my-entry"
    page = visitor.get("/my-entry").text
    assert "LV80BANK0000435195001" in page
    assert DETAILS["declared_address"] in page


def test_signing_out_ends_the_session_here_and_then_tells_the_gateway(visitor: Visitor, gateway: GatewayDouble) -> None:
    visitor.sign_in()
    old = visitor.cookie()
    answer = visitor.send("/my-entry", {}, action="/sign-out")
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith(f"{gateway.issuer}/oidc/logout?id_token_hint=ey")
    assert visitor.cookie() is None
    assert visitor.get("/my-entry").headers["Location"].startswith("/?signed=out")
    assert old
