"""Each ground and each guard of taking on a provider, with one case that passes and one that does not (VPM-REF, -ELG)."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from gateway.onboarding import guards
from gateway.onboarding.procedure import GROUNDS, ONBOARDING
from procedures.commands import Erase, FileLookup
from procedures.facts import Facts
from procedures.outlook import lookups_to_repeat, proposed_grounds
from procedures.refusals import Code
from tests.gateway.onboarding.applications import (
    ACTIVE,
    APPROVER,
    BANKER,
    CLERK,
    QUALIFIED,
    TESTED,
    application,
    at_stage,
    submitted,
    to_accepted,
    to_developed,
)
from tests.support.cases import Driven, digest, service

LISTED = {"not_licensed", "not_qualified_eid", "security_level", "not_free", "other"}


def proposed(case: Driven) -> dict[str, tuple[str, ...]]:
    refuse = ONBOARDING.action("refuse")
    found = proposed_grounds(case.procedure, case.case, refuse, case.now)
    return {one.ground.code: one.about for one in found}


def holds(guard: Callable[[Facts], bool], case: Driven) -> bool:
    return guard(Facts(procedure=case.procedure, case=case.case, now=case.now))


def eid(**entry: Any) -> Driven:
    return submitted(kind="eid").looked_up("mod_entry", {**QUALIFIED, **entry})


def bank(**licence: Any) -> Driven:
    return submitted().looked_up("licence", {**ACTIVE, **licence})


BLOCKED: dict[str, tuple[Callable[[], Driven], tuple[str, ...]]] = {
    "not_licensed": (lambda: bank(status="revoked"), ()),
    "not_qualified_eid": (lambda: eid(level="qualified"), ()),
    "security_level": (lambda: submitted(sec_mutual=False, sec_audit=False), ("VPM-SEC-02", "VPM-SEC-03")),
    "not_free": (lambda: submitted(price=Decimal("0.01")), ()),
}


@pytest.mark.parametrize("code", BLOCKED)
def test_vpm_ref_01_a_ground_that_holds_is_proposed_and_blocks_acceptance(code: str) -> None:
    make, about = BLOCKED[code]
    case = make()
    assert proposed(case) == {code: about, "other": ()}
    assert case.refused(CLERK, "accept") == (Code.GROUND_HOLDS, code)
    case.acted(CLERK, "refuse", grounds=(code,))
    assert (case.stage, case.case.decisions[-1].grounds) == ("refused", (code,))


@pytest.mark.parametrize("make", [submitted, eid], ids=["bank", "eid"])
def test_vpm_ref_01_a_ground_that_does_not_hold_cannot_be_chosen(make: Callable[[], Driven]) -> None:
    case = make()
    for code in BLOCKED:
        assert case.refused(CLERK, "refuse", grounds=(code,)) == (Code.GROUND_DOES_NOT_HOLD, code)
    assert proposed(case) == {"other": ()}
    case.acted(CLERK, "accept")


def test_vpm_ref_01_the_list_is_open_and_another_ground_needs_its_text() -> None:
    assert {ground.code for ground in GROUNDS} == LISTED
    case = submitted()
    assert case.refused(CLERK, "refuse", grounds=("other",), text="  ") == (Code.TEXT_MISSING, "other")
    assert case.refused(CLERK, "refuse", grounds=("too_small",)) == (Code.UNKNOWN_WORD, "too_small")
    case.acted(CLERK, "refuse", grounds=("other",), text="VPM-SVC-02")


@pytest.mark.parametrize(
    ("licence", "eligible"),
    [
        ({}, True),
        ({"status": "suspended"}, False),
        ({"status": "revoked"}, False),
        ({"kind": "payment_institution"}, False),
        ({"valid_to": date(2026, 3, 2)}, True),
        ({"valid_to": date(2026, 3, 1)}, False),
    ],
)
def test_vpm_elg_02_vpm_int_01_and_vpm_int_02_a_licence_is_active_and_valid_through_its_last_day(
    licence: dict[str, Any], *, eligible: bool
) -> None:
    assert holds(guards.not_licensed, bank(**licence)) is not eligible


@pytest.mark.parametrize(
    ("entry", "eligible"),
    [
        ({}, True),
        ({"level": "qualified"}, False),
        ({"level": None}, False),
        ({"valid_to": date(2026, 3, 1)}, False),
    ],
)
def test_vpm_elg_03_and_vpm_int_04_another_provider_is_registered_as_qualified_and_enhanced(
    entry: dict[str, Any], *, eligible: bool
) -> None:
    assert holds(guards.not_qualified_eid, eid(**entry)) is not eligible


def test_vpm_int_03_and_vpm_elg_03_each_kind_is_asked_for_its_own_entry_alone() -> None:
    accept = ONBOARDING.action("accept")
    for kind, lookup in (("bank", "licence"), ("eid", "mod_entry")):
        case = application(kind=kind).acted(BANKER, "submit")
        assert [one.id for one in lookups_to_repeat(case.procedure, case.case, accept, case.now)] == [lookup]
        assert case.refused(CLERK, "accept") == (Code.LOOKUP_UNAVAILABLE, lookup)


def test_vpm_drv_02_without_the_result_of_a_check_nobody_is_accepted_and_unknown_is_no_ground() -> None:
    case = application().acted(BANKER, "submit").looked_up("licence", None)
    assert case.refused(CLERK, "accept") == (Code.LOOKUP_UNAVAILABLE, "licence")
    assert case.refused(CLERK, "refuse", grounds=("not_licensed",)) == (Code.LOOKUP_UNAVAILABLE, "licence")
    case.looked_up("licence", ACTIVE).acted(CLERK, "accept")
    found = case.case.lookups["licence"]
    assert (found.values, found.source, found.at) == (ACTIVE, "register of 2026-03-01", case.now)


def test_vpm_int_15_the_register_is_asked_again_at_stages_4_and_7() -> None:
    case = at_stage("contract_agreed").later(hours=25)
    assert case.refused(CLERK, "sign", versions={"contract": 1}) == (Code.LOOKUP_UNAVAILABLE, "licence")
    case = at_stage("tested").looked_up("licence", {**ACTIVE, "status": "revoked"})
    assert case.refused(CLERK, "install") == (Code.GROUND_HOLDS, "not_licensed")
    case.looked_up("licence", ACTIVE).acted(CLERK, "install")


def test_vpm_elg_04_and_vpm_drv_11_the_price_is_nothing_and_there_is_no_fee() -> None:
    assert not holds(guards.not_free, submitted())
    assert ONBOARDING.fees == ()


@pytest.mark.parametrize(
    ("factors", "enough"),
    [
        (("knowledge", "possession"), True),
        (("knowledge", "possession", "inherence"), True),
        (("possession",), False),
        (("possession", "possession"), False),
    ],
)
def test_vpm_svc_01_and_vpm_int_08_two_factors_are_of_different_kinds(
    factors: tuple[str, ...], *, enough: bool
) -> None:
    case = submitted(factor_kinds=tuple({"factor": factor} for factor in factors))
    if enough:
        case.acted(CLERK, "accept")
    else:
        assert case.refused(CLERK, "accept") == (Code.GUARD_FALSE, "two_factors_of_different_kinds")
        assert proposed(case)["other"] == ("VPM-SVC-01",)  # VPM-INT-20


def test_vpm_svc_02_and_vpm_int_20_without_separate_fields_another_ground_names_the_requirement() -> None:
    case = submitted(separate_fields=False)
    assert case.refused(CLERK, "accept") == (Code.GUARD_FALSE, "three_separate_fields")
    assert proposed(case) == {"other": ("VPM-SVC-02",)}


GUARDS: dict[str, tuple[Callable[[], Driven], Callable[[], Driven]]] = {
    "is_bank": (submitted, eid),
    "is_other_provider": (eid, submitted),
    "not_licensed": (lambda: bank(status="revoked"), submitted),
    "not_qualified_eid": (lambda: eid(level=None), eid),
    "security_level_missing": (lambda: submitted(sec_encrypted=False), submitted),
    "not_free": (lambda: submitted(price=Decimal("0.01")), submitted),
    "two_factors_of_different_kinds": (submitted, lambda: submitted(factor_kinds=({"factor": "inherence"},))),
    "three_separate_fields": (submitted, lambda: submitted(separate_fields=False)),
    "endpoint_given": (lambda: at_stage("developed"), lambda: at_stage("contract_signed")),
    "certificate_given": (lambda: at_stage("developed"), lambda: at_stage("contract_signed")),
    "configuration_given": (lambda: at_stage("developed"), lambda: at_stage("contract_signed")),
    "report_of_this_round": (lambda: at_stage("tested"), lambda: at_stage("developed")),
    "report_of_this_configuration": (lambda: at_stage("tested"), lambda: changed(at_stage("tested"))),
    "every_group_passed": (lambda: at_stage("tested"), lambda: failed(at_stage("developed"))),
    "some_group_failed": (lambda: failed(at_stage("developed")), lambda: at_stage("tested")),
    "configuration_is_the_tested_one": (lambda: at_stage("tested"), lambda: changed(at_stage("tested"))),
    "configuration_is_not_the_tested_one": (lambda: changed(at_stage("tested")), lambda: at_stage("tested")),
    "entry_is_gone": (lambda: bank(status="revoked"), submitted),
    "is_taken_on": (lambda: at_stage("in_production"), lambda: at_stage("tested")),
}


def changed(case: Driven) -> Driven:
    return case.fill(BANKER, configuration=digest("another"))


def failed(case: Driven) -> Driven:
    results = {"results": ({"group": "audit", "passed": False},)}
    return case.hand_in(CLERK, "report").acted(CLERK, "fail_test", inputs=results)


@pytest.mark.parametrize("name", GUARDS)
def test_a_guard_holds_in_one_case_and_not_in_another(name: str) -> None:
    passing, blocking = GUARDS[name]
    assert holds(getattr(guards, name), passing())
    assert not holds(getattr(guards, name), blocking())


def test_every_guard_of_the_procedure_is_tried_both_ways() -> None:
    used = {guard.__name__ for action in ONBOARDING.actions for guard in action.guards}
    used |= {ground.when.__name__ for ground in GROUNDS if ground.when is not None}
    assert used - {"complete"} <= GUARDS.keys()


def test_vpm_drv_04_a_lost_licence_suspends_and_a_found_one_restores() -> None:
    case = at_stage("in_production").later(hours=20).looked_up("licence", {**ACTIVE, "status": "revoked"})
    assert (case.stage, case.case.registers) == ("suspended", {"test"})
    assert case.sent("provider")[-1] == case.sent("agency")[-1] == "suspended"
    case.later(hours=20).looked_up("licence", None)
    assert case.stage == "suspended"
    case.later(hours=20).looked_up("licence", ACTIVE)
    assert (case.stage, case.case.registers) == ("in_production", {"test", "production"})


def test_vpm_drv_04_a_register_that_does_not_answer_suspends_nobody() -> None:
    assert at_stage("in_production").later(hours=25).looked_up("licence", None).stage == "in_production"


def test_vpm_int_15_a_recheck_is_due_every_day_in_production() -> None:
    case = at_stage("in_production").later(days=3)
    case.tick()
    assert [(task.number, task.state) for task in case.case.tasks] == [(1, "overdue"), (2, "overdue"), (3, "open")]


def test_only_a_service_reports_what_a_register_says() -> None:
    case = application().acted(BANKER, "submit")
    outcome = case.do(FileLookup(actor=BANKER, lookup="licence", values=ACTIVE, source="me"))
    assert outcome.refusal is not None
    assert outcome.refusal.code is Code.WRONG_ROLE


def test_vpm_int_05_no_stage_ends_by_itself() -> None:
    for stage in ("submitted", "accepted", "contract_agreed", "contract_signed", "developed", "tested"):
        case = at_stage(stage).later(days=2000)
        case.tick()
        assert case.stage == stage


def test_vpm_int_10_a_closed_application_is_kept_for_24_months_and_can_then_be_erased() -> None:
    case = submitted()
    to_accepted(case)
    case.acted(BANKER, "withdraw").on("2028-03-02 23:59")
    erase = Erase(actor=CLERK, retention="application")
    refusal = case.do(erase).refusal
    assert refusal is not None
    assert (refusal.code, refusal.missing) == (Code.KEPT_UNTIL, ("2028-03-02",))
    case.on("2028-03-03 00:00")
    assert case.do(erase).refusal is None
    assert ("contact" in case.case.fields, "contract" in case.case.documents) == (False, False)


def test_a_second_round_of_testing_is_judged_by_its_own_report() -> None:
    case = failed(at_stage("developed"))
    to_developed(case.later(days=1))
    case.hand_in(CLERK, "report", "second").acted(CLERK, "pass_test", inputs=TESTED)
    case.acted(CLERK, "install").acted(APPROVER, "install")
    assert case.case.decisions[-1].documents == {"contract": 1, "report": 2}


def test_the_connector_of_a_register_is_no_person() -> None:
    case = application()
    assert case.refused(service("provider"), "submit") == (Code.WRONG_ROLE, "provider")
