"""The seven stages of taking on a provider (VPM-PRO-01…10, VPM-DRV-03, -14; VPM-INT-11…14)."""

import pytest

from gateway.onboarding.procedure import ONBOARDING
from procedures.commands import Act, TakeBack
from procedures.outlook import steps
from procedures.refusals import Code
from procedures.validate import load
from tests.gateway.onboarding.applications import (
    APPROVER,
    BANKER,
    CLERK,
    FAILED,
    PASSED,
    STAGES,
    TESTED,
    application,
    at_stage,
    submitted,
    to_developed,
    to_tested,
)
from tests.support.cases import ANNA, BANK, JANIS, LIGA, OTHER_BANK, acts, digest, service

BEFORE = STAGES[:7]


def test_the_procedure_loads() -> None:
    assert load(ONBOARDING) == {("vpm.onboarding", 1): ONBOARDING}


def test_vpm_pro_01_the_provider_applies_and_the_agency_cannot_in_its_place() -> None:
    case = application()
    assert case.refused(CLERK, "submit") == (Code.WRONG_ROLE, "agency")
    case.acted(BANKER, "submit")
    assert (case.stage, case.sent("agency")) == ("submitted", ["application_received"])


def test_vpm_elg_01_an_application_without_a_declared_kind_is_refused() -> None:
    case = application(kind=None)
    assert case.refused(BANKER, "submit") == (Code.GUARD_FALSE, "complete")


def test_vpm_pro_02_the_agency_answers_and_each_outcome_is_one_letter() -> None:
    accepted, refused = submitted(), submitted()
    assert accepted.refused(BANKER, "accept") == (Code.WRONG_ROLE, "provider")
    accepted.acted(CLERK, "accept")
    refused.acted(CLERK, "refuse", grounds=("other",), text="VPM-SVC-01")
    assert (accepted.stage, accepted.sent("provider")) == ("accepted", ["acceptance"])
    assert (refused.stage, refused.sent("provider")) == ("refused", ["refusal"])


def test_vpm_pro_03_both_agree_to_the_same_text() -> None:
    case = at_stage("accepted")
    case.acted(BANKER, "agree_text", versions={"contract": 1})
    (step,) = (step for step in steps(case.procedure, case.case, CLERK, case.now) if step.action.id == "agree_text")
    assert (case.stage, step.agreed, step.needed) == ("accepted", 1, 2)
    case.acted(CLERK, "agree_text", versions={"contract": 1})
    assert case.stage == "contract_agreed"


@pytest.mark.parametrize("changes", [BANKER, CLERK])
def test_vpm_pro_03_a_change_by_either_side_clears_both_agreements(changes: object) -> None:
    case = at_stage("accepted").acted(BANKER, "agree_text", versions={"contract": 1})
    case.hand_in(changes, "contract", "2")  # type: ignore[arg-type] # one of two actors
    assert case.case.consents == {}
    assert case.refused(CLERK, "agree_text", versions={"contract": 1}) == (Code.VERSION_OUTDATED, "contract")
    case.acted(CLERK, "agree_text", versions={"contract": 2})
    assert case.stage == "accepted"


def test_vpm_pro_03_an_agreement_can_be_taken_back_before_the_other_side_agrees() -> None:
    case = at_stage("accepted").acted(BANKER, "agree_text", versions={"contract": 1})
    assert case.do(TakeBack(actor=BANKER, action="agree_text")).refusal is None
    case.acted(CLERK, "agree_text", versions={"contract": 1})
    assert case.stage == "accepted"


def test_vpm_pro_04_and_vpm_pro_10_one_signature_does_not_conclude_the_contract() -> None:
    case = at_stage("contract_agreed").acted(BANKER, "sign", versions={"contract": 1})
    assert case.stage == "contract_agreed"
    assert case.refused(BANKER, "sign", versions={"contract": 1}) == (Code.ALREADY_AGREED, "sign")
    another_banker = acts("provider", LIGA, BANK)
    assert case.refused(another_banker, "sign", versions={"contract": 1}) == (Code.ALREADY_AGREED, "sign")
    assert case.refused(BANKER, "report_developed") == (Code.WRONG_STAGE, "report_developed")
    case.acted(CLERK, "sign", versions={"contract": 1})
    assert (case.stage, case.sent("")) == ("contract_signed", ["contract_draft", "signed_contract"])


def test_vpm_pro_05_the_provider_alone_reports_that_development_is_done() -> None:
    case = at_stage("contract_signed")
    assert case.refused(CLERK, "report_developed") == (Code.WRONG_ROLE, "agency")
    to_developed(case)
    assert (case.stage, case.case.registers) == ("developed", {"test"})


@pytest.mark.parametrize(
    ("field", "guard"),
    [
        ("test_endpoint", "endpoint_given"),
        ("certificate", "certificate_given"),
        ("configuration", "configuration_given"),
    ],
)
def test_vpm_pro_05_without_endpoint_certificate_or_configuration_it_is_refused(field: str, guard: str) -> None:
    values = {
        "test_endpoint": "https://test.piejura.example/vpm",
        "certificate": digest("certificate"),
        "configuration": digest("configuration"),
    }
    case = at_stage("contract_signed").fill(BANKER, **{**values, field: None})
    assert case.refused(BANKER, "report_developed") == (Code.GUARD_FALSE, guard)
    case.fill(BANKER, **values).acted(BANKER, "report_developed")


def test_vpm_pro_06_and_vpm_int_13_a_failed_group_leads_back_to_development() -> None:
    case = at_stage("developed").hand_in(CLERK, "report")
    assert case.refused(CLERK, "pass_test", inputs={**TESTED, "results": FAILED})[1] == "every_group_passed"
    assert case.refused(CLERK, "fail_test", inputs={"results": PASSED})[1] == "some_group_failed"
    case.acted(CLERK, "fail_test", inputs={"results": FAILED})
    assert (case.stage, case.case.registers) == ("contract_signed", frozenset())
    to_developed(case.later(days=3))
    assert case.refused(CLERK, "pass_test", inputs=TESTED) == (Code.GUARD_FALSE, "report_of_this_round")
    to_tested(case)
    assert case.stage == "tested"


@pytest.mark.parametrize(
    "results", [PASSED[:4], (*PASSED, PASSED[0]), (*PASSED, {"group": "audit", "passed": False}), FAILED]
)
def test_vpm_drv_14_four_of_five_groups_do_not_pass(results: object) -> None:
    case = at_stage("developed").hand_in(CLERK, "report")
    refused = case.refused(CLERK, "pass_test", inputs={**TESTED, "results": results})
    assert refused == (Code.GUARD_FALSE, "every_group_passed")


def test_vpm_drv_14_the_report_is_about_the_configuration_that_the_provider_has() -> None:
    case = at_stage("developed").hand_in(CLERK, "report")
    other = {**TESTED, "reported_configuration": digest("another")}
    assert case.refused(CLERK, "pass_test", inputs=other) == (Code.GUARD_FALSE, "report_of_this_configuration")
    case.acted(CLERK, "pass_test", inputs=TESTED)


def test_vpm_drv_14_a_changed_configuration_reopens_the_test() -> None:
    case = at_stage("tested").acted(CLERK, "install").fill(BANKER, configuration=digest("another"))
    assert (case.stage, case.case.consents) == ("developed", {})
    assert case.sent("provider")[-1] == case.sent("agency")[-1] == "test_again"
    assert case.act(CLERK, "install").missing == ("tested",)  # type: ignore[union-attr] # it is refused


def test_vpm_pro_07_and_vpm_drv_03_the_provider_is_offered_with_the_change_of_stage_and_not_before() -> None:
    case = at_stage("tested").acted(CLERK, "install")
    assert (case.stage, case.case.registers) == ("tested", {"test"})
    outcome = case.do(Act(actor=APPROVER, action="install"))
    assert (outcome.case.stage, outcome.case.registers) == ("in_production", {"test", "production"})


def test_vpm_pro_07_two_different_people_put_into_production() -> None:
    case = at_stage("tested").acted(CLERK, "install")
    assert case.refused(CLERK, "install") == (Code.ALREADY_AGREED, "install")
    assert case.refused(BANKER, "install") == (Code.WRONG_ROLE, "provider")


@pytest.mark.parametrize("stage", BEFORE[:6])
def test_vpm_pro_08_put_into_production_is_refused_before_and_names_the_missing_stages(stage: str) -> None:
    refusal = at_stage(stage).act(CLERK, "install")
    assert refusal is not None
    assert (refusal.code, refusal.missing) == (Code.WRONG_STAGE, STAGES[STAGES.index(stage) + 1 : 7])


def test_vpm_pro_08_the_full_path_succeeds() -> None:
    case = at_stage("in_production")
    assert [decision.action for decision in case.case.decisions] == [
        "submit",
        "accept",
        "agree_text",
        "sign",
        "report_developed",
        "pass_test",
        "install",
    ]


def test_vpm_pro_09_every_end_of_the_examination_tells_the_provider() -> None:
    leading_out = [action for action in ONBOARDING.actions if "submitted" in {s.id for s in action.within}]
    assert {action.id for action in leading_out} == {"accept", "refuse", "withdraw"}
    case = submitted()
    assert case.refused(CLERK, "refuse") == (Code.GROUNDS_MISSING, "refuse")
    assert case.refused(CLERK, "accept", grounds=("other",)) == (Code.GROUNDS_NOT_WANTED, "accept")


@pytest.mark.parametrize("stage", BEFORE)
def test_vpm_int_13_the_provider_may_withdraw_at_any_stage_before_production(stage: str) -> None:
    case = at_stage(stage).acted(BANKER, "withdraw")
    assert (case.stage, case.case.registers) == ("withdrawn", frozenset())
    assert case.sent("agency")[-1] == "withdrawal"


def test_vpm_int_13_not_afterwards() -> None:
    assert at_stage("in_production").refused(BANKER, "withdraw") == (Code.WRONG_STAGE, "withdraw")


def test_vpm_int_14_a_refusal_closes_the_case() -> None:
    case = submitted().acted(CLERK, "refuse", grounds=("other",), text="VPM-SVC-01")
    for action in ONBOARDING.actions:
        actor = {"provider": BANKER, "agency": CLERK, "system": service()}[action.roles[0].id]
        assert case.act(actor, action.id) is not None
    assert case.stage == "refused"


def test_nobody_of_another_bank_acts_in_the_case() -> None:
    stranger = acts("provider", ANNA, OTHER_BANK)
    case = application()
    assert case.refused(stranger, "submit") == (Code.WRONG_ROLE, "provider")
    assert case.refused(acts("provider", JANIS), "submit") == (Code.WRONG_ROLE, "provider")
    case.acted(acts("provider", JANIS, BANK), "submit")


def test_a_stop_by_decision_needs_two_people_and_no_register_undoes_it() -> None:
    case = at_stage("in_production").acted(CLERK, "stop").acted(APPROVER, "stop")
    case.looked_up("licence", case.case.lookups["licence"].values)
    assert (case.stage, "production" in case.case.registers) == ("stopped", False)
    case.acted(CLERK, "resume").acted(APPROVER, "resume")
    assert (case.stage, "production" in case.case.registers) == ("in_production", True)
