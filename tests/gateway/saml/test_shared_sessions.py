"""A SAML portal of a group: signed in once, asked never again, until it signs the person out (sessions, T15)."""

from dataclasses import dataclass

import pytest

from gateway.broker.front_door import PostForm
from gateway.broker.login import Answered, Asked
from gateway.broker.session import session_key
from gateway.broker.sign_on import Proofs
from gateway.saml.errors import SamlRequestRefused
from gateway.use_cases import Begun, HandedOver
from providers.contract import AssuranceLevel, Language, ProviderId
from providers.saml.bindings import read_redirect
from tests.support.gateway_parts import BROWSER
from tests.support.saml_portal import SamlPortal


@dataclass(frozen=True)
class KnownBank:
    """As much of a provider as is looked at while a session answers."""

    assurance: AssuranceLevel = AssuranceLevel.HIGH


def of_a_group() -> SamlPortal:
    portal = SamlPortal(changed={"group": "registers"})
    portal.core.use_cases.providers = {ProviderId("bank"): KnownBank()}  # type: ignore[dict-item]  # see above
    return portal


def ask(portal: SamlPortal, proofs: Proofs, **attributes: str) -> tuple[Begun, str]:
    root = portal.request(**attributes)
    begun = portal.desk.authenticate(portal.redirect(root), read_redirect, BROWSER, Language.LATVIAN, proofs)
    return begun, root.get("ID")


def signed_in(portal: SamlPortal) -> tuple[Proofs, str]:
    """Sign somebody in by a provider; give what the browser then proves, and the subject that the portal was told."""
    begun, question = ask(portal, {})
    assert isinstance(begun, Asked)
    outcome = portal.core.use_cases.resume(portal.answered(begun).id, BROWSER)
    assert isinstance(outcome, HandedOver)
    assert isinstance(outcome.answer, PostForm)
    assert outcome.secret is not None
    return {"registers": session_key(outcome.secret.value)}, portal.read(outcome.answer.fields, question).name_id


@pytest.mark.parametrize("attributes", [{}, {"IsPassive": "true"}])
def test_a_session_of_the_group_answers_in_place_of_a_provider(attributes: dict[str, str]) -> None:
    portal = of_a_group()
    proofs, subject = signed_in(portal)
    begun, question = ask(portal, proofs, **attributes)
    assert isinstance(begun, Answered)
    outcome = portal.core.use_cases.resume(begun.asked.id, BROWSER, proofs)
    assert isinstance(outcome, HandedOver)
    assert isinstance(outcome.answer, PostForm)
    assert portal.read(outcome.answer.fields, question).name_id == subject


@pytest.mark.parametrize("attributes", [{"ForceAuthn": "true"}, {"ForceAuthn": "1"}])
def test_force_authn_asks_the_person_all_the_same(attributes: dict[str, str]) -> None:
    portal = of_a_group()
    proofs, _ = signed_in(portal)
    assert isinstance(ask(portal, proofs, **attributes)[0], Asked)


def test_without_a_group_nothing_answers_but_a_provider() -> None:
    portal = of_a_group()
    proofs, _ = signed_in(portal)
    alone = SamlPortal(core=portal.core)
    assert isinstance(ask(alone, proofs)[0], Asked)
    with pytest.raises(SamlRequestRefused):
        ask(alone, proofs, IsPassive="true")


def test_a_logout_request_ends_the_session_of_the_subject_it_names() -> None:
    portal = of_a_group()
    proofs, subject = signed_in(portal)
    out = portal.desk.sign_out(portal.redirect(portal.logout_request(subject)), read_redirect, proofs)
    assert out.ended is not None
    assert portal.core.storage.events[-1].name == "session.ended"
    assert isinstance(ask(portal, proofs)[0], Asked)


def test_t15_a_logout_request_about_somebody_else_or_from_another_browser_ends_nothing() -> None:
    portal = of_a_group()
    proofs, subject = signed_in(portal)
    assert portal.desk.sign_out(portal.redirect(portal.logout_request()), read_redirect, proofs).ended is None
    assert portal.desk.sign_out(portal.redirect(portal.logout_request(subject)), read_redirect).ended is None
    assert isinstance(ask(portal, proofs)[0], Answered)
