"""A bank's application, driven to any stage."""

from decimal import Decimal
from typing import Any

from gateway.onboarding.application import GROUPS
from gateway.onboarding.procedure import ONBOARDING
from tests.support.cases import BANK, JANIS, LIGA, Driven, acts, digest, service

BANKER = acts("provider", represents=BANK)
CLERK = acts("agency", JANIS)
APPROVER = acts("agency", LIGA)
ACTIVE = {"entry_no": "06.01", "kind": "credit_institution", "status": "active", "valid_to": None}
QUALIFIED = {"entry_no": "7", "level": "qualified_enhanced", "valid_to": None}
ANSWERS = {
    "kind": "bank",
    "name": "Piejūras banka",
    "reg_no": "40000000001",
    "price": Decimal("0.00"),
    "interface": "banklink",
    "factor_kinds": ({"factor": "knowledge"}, {"factor": "possession"}),
    "separate_fields": True,
    "sec_encrypted": True,
    "sec_mutual": True,
    "sec_audit": True,
    "contact": "vpm@piejura.example",
}
PASSED = tuple({"group": group, "passed": True} for group in GROUPS)
FAILED = (*PASSED[:4], {"group": GROUPS[4], "passed": False})
TESTED = {"results": PASSED, "reported_configuration": digest("configuration")}
STAGES = (
    "draft",
    "submitted",
    "accepted",
    "contract_agreed",
    "contract_signed",
    "developed",
    "tested",
    "in_production",
)


def application(**answers: Any) -> Driven:
    return Driven(ONBOARDING, BANKER).fill(BANKER, **{**ANSWERS, **answers})


def submitted(**answers: Any) -> Driven:
    case = application(**answers).acted(BANKER, "submit")
    return case.looked_up("licence", ACTIVE) if case.case.fields["kind"] == "bank" else case


def to_submitted(case: Driven) -> None:
    case.acted(BANKER, "submit").looked_up("licence", ACTIVE)


def to_accepted(case: Driven) -> None:
    case.acted(CLERK, "accept").hand_in(CLERK, "contract")


def to_agreed(case: Driven) -> None:
    for party in (BANKER, CLERK):
        case.acted(party, "agree_text", versions={"contract": 1})


def to_signed(case: Driven) -> None:
    for party in (BANKER, CLERK):
        case.acted(party, "sign", versions={"contract": 1})


def to_developed(case: Driven) -> None:
    case.fill(
        BANKER,
        test_endpoint="https://test.piejura.example/vpm",
        certificate=digest("certificate"),
        configuration=digest("configuration"),
    ).acted(BANKER, "report_developed")


def to_tested(case: Driven) -> None:
    case.hand_in(CLERK, "report").acted(CLERK, "pass_test", inputs=TESTED)


def to_production(case: Driven) -> None:
    for person in (CLERK, APPROVER):
        case.acted(person, "install")


_STEPS = (to_submitted, to_accepted, to_agreed, to_signed, to_developed, to_tested, to_production)


def at_stage(stage: str) -> Driven:
    """Give a bank's case in one of ``STAGES``, everything in order so far."""
    case = application()
    for step in _STEPS[: STAGES.index(stage)]:
        step(case)
    assert case.stage == stage
    return case


def system() -> Any:
    return service()
