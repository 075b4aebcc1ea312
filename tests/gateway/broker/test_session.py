"""When a session may answer in place of a provider: each rule has a question that it alone refuses."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gateway.broker.login import Prompt, Question
from gateway.broker.relying_party import RelyingPartyId
from gateway.broker.session import RULES, Session, may_answer, session_key, sid_of
from providers.contract import AssuranceLevel, Language, ProviderId
from providers.personal_code import PersonalCode
from tests.contracts.sessions import a_session
from tests.support.logins import NOW, identity, new_correlation

SESSION: Session = a_session()
"""Somebody authenticated 40 seconds after ``NOW``, at the level substantial, in the group ``registers``."""


def question(**changed: Any) -> Question:
    values: dict[str, Any] = {
        "relying_party": RelyingPartyId("auctions"),
        "language": Language.LATVIAN,
        "minimum_assurance": AssuranceLevel.SUBSTANTIAL,
        "reply": (),
    }
    return Question(**{**values, **changed})


def refusing(asked: Question, *, group: str = "registers", minutes: float = 5) -> list[str]:
    now = NOW + timedelta(minutes=minutes)
    return [rule.__name__ for rule in RULES if not rule(SESSION, asked, group, now)]


def test_an_ordinary_question_of_the_group_is_answered() -> None:
    assert may_answer(SESSION, question(), "registers", NOW)


@pytest.mark.parametrize(
    ("asked", "circumstances", "rule"),
    [
        (question(), {"group": "others"}, "of_the_same_group"),
        (question(), {"minutes": 30.001}, "not_over"),
        (question(minimum_assurance=AssuranceLevel.HIGH), {}, "strong_enough"),
        (question(max_age=timedelta(0)), {}, "fresh_enough"),
        (question(max_age=timedelta(seconds=259)), {}, "fresh_enough"),
        (question(preselected=ProviderId("another-bank")), {}, "through_the_provider_asked_for"),
        (question(prompt=frozenset({Prompt.LOGIN})), {}, "no_page_asked_for"),
        (question(prompt=frozenset({Prompt.CONSENT})), {}, "no_page_asked_for"),
        (question(prompt=frozenset({Prompt.SELECT_ACCOUNT, Prompt.CONSENT})), {}, "no_page_asked_for"),
    ],
)
def test_every_rule_has_a_question_that_it_alone_refuses(
    asked: Question, circumstances: dict[str, Any], rule: str
) -> None:
    assert refusing(asked, **circumstances) == [rule]


def test_prompt_none_and_an_age_that_is_just_enough_are_answered() -> None:
    asked = question(prompt=frozenset({Prompt.NONE}), max_age=timedelta(seconds=260))
    assert refusing(asked) == []
    assert refusing(question(), minutes=30) == []


def test_the_same_person_is_known_by_country_and_code_and_never_by_name() -> None:
    assert SESSION.belongs_to(replace(identity(), given_name="Another", family_name="Name"))
    assert not SESSION.belongs_to(replace(identity(), personal_code=PersonalCode("32345678902")))
    assert not SESSION.belongs_to(replace(identity(), country="LT"))


def test_relying_parties_cannot_compare_what_they_call_a_session() -> None:
    session, other = new_correlation(), new_correlation()
    names = {sid_of(session, RelyingPartyId(party)) for party in ("a", "b")} | {sid_of(other, RelyingPartyId("a"))}
    assert len(names) == 3
    assert session not in str(names)


def test_the_key_of_a_session_is_no_digest_that_anything_else_has() -> None:
    assert session_key("x") != session_key("y")
    assert len(session_key("x")) == 64


def test_a_rotated_session_keeps_its_id_and_has_a_new_key() -> None:
    """T14: the session id is drawn anew at login."""
    new = a_session()
    rotated = SESSION.rotated(new)
    assert (rotated.id, rotated.key) == (SESSION.id, new.key)
    assert rotated.key != SESSION.key
