"""Logins with the mock bank's Smart-ID service: honest ones, and every way in which it may misbehave."""

import pytest

from providers.contract import AppPage, AssuranceLevel, CodePage, Factor
from providers.errors import AuthenticationDeclined, ProviderError
from tests.providers.smart_id.setting import ANNA, Setting, Visits
from tests.support.telephone import way_back

CODE = "150930-24177"


def test_a_person_scans_the_code_and_is_vouched_for(setting: Setting) -> None:
    visits = Visits(setting.provider())
    setting.telephone.answer_link(visits.qr(), ANNA)
    visits.until_over()
    identity = visits.identify()
    assert (identity.given_name, identity.family_name) == ("Anna", "Bērziņa")
    assert identity.personal_code.display == CODE
    assert identity.assurance is AssuranceLevel.SUBSTANTIAL
    assert identity.factors == {Factor.KNOWLEDGE, Factor.POSSESSION}


def test_a_person_on_the_same_device_comes_back_and_is_vouched_for(setting: Setting) -> None:
    visits = Visits(setting.provider())
    page = setting.telephone.answer_link(visits.tapped(), ANNA)
    assert isinstance(visits.visit(), AppPage)
    assert visits.identify(visits.returned(way_back(page))).personal_code.display == CODE


def test_a_named_person_compares_the_code_and_is_vouched_for(setting: Setting) -> None:
    visits = Visits(setting.provider(flow="notification"))
    code = visits.typed(CODE)
    assert visits.named is not None
    setting.telephone.answer_push(setting.bank, ANNA, code=code)
    visits.until_over()
    assert visits.identify().personal_code.display == CODE


def test_10_11_the_older_version_still_vouches(setting: Setting) -> None:
    visits = Visits(setting.provider(api="v2", flow="notification"))
    code = visits.typed(CODE)
    setting.telephone.answer_push(setting.bank, ANNA, code=code)
    visits.until_over()
    assert visits.identify().personal_code.display == CODE


def test_what_is_no_code_is_asked_for_again(setting: Setting) -> None:
    visits = Visits(setting.provider(flow="notification"))
    assert visits.visit(personal_code="15O382-01230") == CodePage(wrong=True)
    assert visits.visit() == CodePage()


def test_10_9_a_refusal_ends_the_login(setting: Setting) -> None:
    visits = Visits(setting.provider())
    setting.telephone.answer_link(visits.qr(), ANNA, approve=False)
    with pytest.raises(AuthenticationDeclined) as refused:
        visits.until_over()
    assert refused.value.reason == "cancelled"
    assert refused.value.exchanges


RESULTS = {
    "sid.changed-after-signing": "bad_signature",
    "sid.other-flow": "not_trusted",
    "sid.other-interaction": "malformed",
    "sid.other-hash": "bad_signature",
    "eid.accept-signing-cert": "cert_purpose",
    "eid.ignore-expiry": "cert_expired",
    "eid.ignore-notbefore": "cert_expired",
    "eid.ignore-ocsp": "cert_revoked",
    "eid.ocsp-unknown-ok": "cert_revoked",
    "eid.ocsp-soft-fail": "revocation_unavailable",
    "eid.ocsp-any-signer": "revocation_unavailable",
    "eid.ocsp-stale": "revocation_unavailable",
    "eid.accept-unknown-ca": "not_trusted",
    "eid.accept-bad-path": "not_trusted",
    "eid.ignore-policy": "cert_policy",
    "eid.ignore-eku": "cert_purpose",
    "eid.ignore-origin": "bad_signature",
    "eid.no-signature-check": "bad_signature",
    "eid.pno-not-stripped": "identity_incomplete",
    "eid.split-cn": "identity_incomplete",
    "eid.ignore-country": "identity_incomplete",
    "eid.first-serial": "identity_incomplete",
    "mfa.no-acr": "malformed",
    "mfa.low-acr": "loa_insufficient",
    "mfa.silent-downgrade": "loa_insufficient",
}


@pytest.mark.parametrize(("fault", "reason"), RESULTS.items())
def test_t38_a_result_that_is_not_as_it_must_be_vouches_for_nobody(setting: Setting, fault: str, reason: str) -> None:
    visits = Visits(setting.provider())
    setting.switch(fault)
    setting.telephone.answer_link(visits.qr(), ANNA)
    visits.until_over()
    with pytest.raises(ProviderError) as refused:
        visits.identify()
    assert refused.value.reason == reason
    assert refused.value.reference == visits.request.reference
