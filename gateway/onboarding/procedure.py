"""The seven stages from application to production (VPM-PRO-01…10), as a value.

Beside the announcement's stages stand those of its silences, as decided (VPM-INT): withdrawal at any stage before
production, suspension when the register no longer shows the provider, and a stop by decision of two people.
"""

from typing import Final

from gateway.onboarding import guards as rule
from gateway.onboarding.application import (
    ACCEPTED,
    AGENCY,
    BEFORE_PRODUCTION,
    CONTACT,
    CONTRACT,
    CONTRACT_AGREED,
    CONTRACT_SIGNED,
    DEVELOPED,
    DRAFT,
    FIELDS,
    IN_PRODUCTION,
    KEPT_MONTHS,
    LICENCE,
    MOD_ENTRY,
    PROVIDER,
    REFUSED,
    REPORT,
    REPORTED_CONFIGURATION,
    RESULTS,
    STOPPED,
    SUBMITTED,
    SUSPENDED,
    SYSTEM,
    TESTED,
    TESTED_CONFIGURATION,
    WITHDRAWN,
)
from procedures.clocks import Roll, Term, Unit
from procedures.completeness import complete
from procedures.effects import MakeDocument, Notify, RegisterAdd, RegisterRemove, Schedule, Set
from procedures.model import Action, Ground, Grounds, Procedure, Together
from procedures.parts import Retention, Words
from procedures.terms import Obligation, Request

SOURCE: Final = "003_41efa696c4eb55dd.txt"
PRODUCTION_LIST: Final = "production"
"""The register of providers offered to people; entered in the move that changes the stage (VPM-PRO-07, VPM-DRV-03)."""
TEST_LIST: Final = "test"

_DECIDED: Final = ("accept", "sign", "install", "restore", "resume")
"""What a ground stands against: eligibility is looked at again at stages 2, 4 and 7 and afterwards (VPM-INT-15)."""
_LOOKUPS: Final = (LICENCE, MOD_ENTRY)

GROUNDS: Final = (
    Ground(
        code="not_licensed",
        when=rule.not_licensed,
        blocks=_DECIDED,
        source=f"{SOURCE}, L50",
        names=Words(
            lv="Nav spēkā esošas kredītiestādes darbības licences.", en="No credit institution's licence in force."
        ),
    ),
    Ground(
        code="not_qualified_eid",
        when=rule.not_qualified_eid,
        blocks=_DECIDED,
        source=f"{SOURCE}, L52",
        names=Words(
            lv="Nav kvalificēts paaugstinātas drošības elektroniskās identifikācijas pakalpojuma sniedzējs.",
            en="Not a qualified electronic identification service provider of enhanced security.",
        ),
    ),
    Ground(
        code="security_level",
        when=rule.security_level_missing,
        blocks=_DECIDED,
        about=rule.missing_security_levels,
        source=f"{SOURCE}, L56",
        names=Words(
            lv="Netiek nodrošināti prasītie drošības līmeņi.", en="The demanded security levels are not provided."
        ),
    ),
    Ground(
        code="not_free",
        when=rule.not_free,
        blocks=_DECIDED,
        source=f"{SOURCE}, L58",
        names=Words(lv="Pakalpojums nav bez maksas.", en="The service is not free of charge."),
    ),
    Ground(
        code="other",
        when=None,
        text_required=True,
        about=rule.unlisted_requirements,
        source=f"{SOURCE}, L46",
        names=Words(lv="Cits pamats.", en="Another ground."),
    ),
)

RECHECK: Final = Obligation(
    id="recheck", by=SYSTEM, every=Term(length=1, unit=Unit.CALENDAR_DAY, roll=Roll.NONE), lasts=rule.is_taken_on
)
"""The registers are asked again at least every 24 hours (VPM-INT-15)."""

_APPLICATION: Final = (
    Action(
        id="submit",
        by=(PROVIDER,),
        within=(DRAFT,),
        guards=(complete,),
        effects=(Notify(AGENCY, "application_received"),),
        to=SUBMITTED,
        names=Words(lv="Iesniegt pieteikumu", en="Submit the application"),
    ),
    Action(
        id="accept",
        by=(AGENCY,),
        within=(SUBMITTED,),
        guards=(rule.two_factors_of_different_kinds, rule.three_separate_fields),
        looks_up=_LOOKUPS,
        effects=(Notify(PROVIDER, "acceptance"), MakeDocument("contract_draft")),
        to=ACCEPTED,
        names=Words(lv="Atbildēt: iespējams", en="Answer: possible"),
    ),
    Action(
        id="refuse",
        by=(AGENCY,),
        within=(SUBMITTED,),
        grounds=Grounds.REQUIRED,
        looks_up=_LOOKUPS,
        effects=(Notify(PROVIDER, "refusal"),),
        to=REFUSED,
        names=Words(lv="Atbildēt: atteikts", en="Answer: refused"),
    ),
    Action(
        id="withdraw",
        by=(PROVIDER,),
        within=BEFORE_PRODUCTION,
        effects=(Notify(AGENCY, "withdrawal"), RegisterRemove(TEST_LIST)),
        to=WITHDRAWN,
        names=Words(lv="Atsaukt pieteikumu", en="Withdraw the application"),
    ),
)

_CONTRACT: Final = (
    Action(
        id="agree_text",
        by=Together((PROVIDER, AGENCY)),
        within=(ACCEPTED,),
        concerns=(CONTRACT,),
        to=CONTRACT_AGREED,
        names=Words(lv="Saskaņot līguma tekstu", en="Agree to the text of the contract"),
    ),
    Action(
        id="sign",
        by=Together((PROVIDER, AGENCY)),
        within=(CONTRACT_AGREED,),
        concerns=(CONTRACT,),
        looks_up=_LOOKUPS,
        effects=(MakeDocument("signed_contract"),),
        to=CONTRACT_SIGNED,
        names=Words(lv="Parakstīt līgumu", en="Sign the contract"),
    ),
)

_TESTING: Final = (
    Action(
        id="report_developed",
        by=(PROVIDER,),
        within=(CONTRACT_SIGNED,),
        guards=(rule.endpoint_given, rule.certificate_given, rule.configuration_given),
        effects=(RegisterAdd(TEST_LIST), Notify(AGENCY, "ready_for_test")),
        to=DEVELOPED,
        names=Words(lv="Paziņot, ka izstrāde pabeigta", en="Report that development is done"),
    ),
    Action(
        id="fail_test",
        by=(AGENCY,),
        within=(DEVELOPED,),
        inputs=(RESULTS,),
        guards=(rule.report_of_this_round, rule.some_group_failed),
        effects=(RegisterRemove(TEST_LIST), Notify(PROVIDER, "test_failed")),
        to=CONTRACT_SIGNED,
        names=Words(lv="Tests nav izturēts", en="The test failed"),
    ),
    Action(
        id="pass_test",
        by=(AGENCY,),
        within=(DEVELOPED,),
        inputs=(RESULTS, REPORTED_CONFIGURATION),
        guards=(rule.report_of_this_round, rule.report_of_this_configuration, rule.every_group_passed),
        effects=(Set(TESTED_CONFIGURATION, rule.reported_configuration), Notify(PROVIDER, "test_passed")),
        to=TESTED,
        names=Words(lv="Tests izturēts", en="The test passed"),
    ),
    Action(
        id="reopen_test",
        by=(SYSTEM,),
        within=(TESTED,),
        guards=(rule.configuration_is_not_the_tested_one,),
        on=("configuration.changed",),
        effects=(Notify(PROVIDER, "test_again"), Notify(AGENCY, "test_again")),
        to=DEVELOPED,
    ),
)

_PRODUCTION: Final = (
    Action(
        id="install",
        by=Together((AGENCY, AGENCY)),
        within=(TESTED,),
        guards=(rule.configuration_is_the_tested_one,),
        looks_up=_LOOKUPS,
        effects=(RegisterAdd(PRODUCTION_LIST), Schedule(RECHECK), Notify(PROVIDER, "in_production")),
        to=IN_PRODUCTION,
        names=Words(lv="Ieviest produkcijā", en="Put into production"),
    ),
    Action(
        id="suspend",
        by=(SYSTEM,),
        within=(IN_PRODUCTION,),
        guards=(rule.entry_is_gone,),
        on=("licence.looked_up", "mod_entry.looked_up"),
        effects=(RegisterRemove(PRODUCTION_LIST), Notify(PROVIDER, "suspended"), Notify(AGENCY, "suspended")),
        to=SUSPENDED,
    ),
    Action(
        id="restore",
        by=(SYSTEM,),
        within=(SUSPENDED,),
        on=("licence.looked_up", "mod_entry.looked_up"),
        effects=(RegisterAdd(PRODUCTION_LIST), Notify(PROVIDER, "restored"), Notify(AGENCY, "restored")),
        to=IN_PRODUCTION,
    ),
    Action(
        id="stop",
        by=Together((AGENCY, AGENCY)),
        within=(IN_PRODUCTION, SUSPENDED),
        effects=(RegisterRemove(PRODUCTION_LIST), Notify(PROVIDER, "stopped")),
        to=STOPPED,
        names=Words(lv="Apturēt", en="Stop"),
    ),
    Action(
        id="resume",
        by=Together((AGENCY, AGENCY)),
        within=(STOPPED,),
        looks_up=_LOOKUPS,
        effects=(RegisterAdd(PRODUCTION_LIST), Notify(PROVIDER, "restored")),
        to=IN_PRODUCTION,
        names=Words(lv="Atjaunot", en="Resume"),
    ),
)

ONBOARDING: Final = Procedure(
    id="vpm.onboarding",
    version=1,
    source=SOURCE,
    roles=(PROVIDER, AGENCY, SYSTEM),
    opened_by=(PROVIDER,),
    stages=(*BEFORE_PRODUCTION, IN_PRODUCTION, SUSPENDED, STOPPED, REFUSED, WITHDRAWN),
    parameters=(KEPT_MONTHS,),
    fields=FIELDS,
    lookups=_LOOKUPS,
    documents=(CONTRACT, REPORT),
    grounds=GROUNDS,
    actions=(*_APPLICATION, *_CONTRACT, *_TESTING, *_PRODUCTION),
    requests=(Request(id="clarify", by=(AGENCY,), to=PROVIDER, within=(SUBMITTED, ACCEPTED, DEVELOPED)),),
    obligations=(RECHECK,),
    retention=(
        Retention(
            id="application",
            fields=(CONTACT,),
            documents=(CONTRACT, REPORT),
            term=rule.kept,
            anchors=("refuse", "withdraw"),
            by=(AGENCY,),
        ),
    ),
)
"""Version 1. There is no fee in it, and no way to attach one (VPM-ELG-04, VPM-DRV-11)."""
