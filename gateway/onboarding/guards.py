"""The rules of taking on a provider: what must hold, and what is a ground to refuse (catalogue VPM).

Each is a sentence about one case; what is not known raises, and the engine takes that for no.
"""

from datetime import date
from typing import Final

from gateway.onboarding.application import (
    CERTIFICATE,
    CONFIGURATION,
    FACTOR_KINDS,
    GROUPS,
    KEPT_MONTHS,
    LICENCE,
    MOD_ENTRY,
    PRICE,
    REPORT,
    REPORTED_CONFIGURATION,
    RESULTS,
    SEC_AUDIT,
    SEC_ENCRYPTED,
    SEC_MUTUAL,
    SEPARATE_FIELDS,
    TEST_ENDPOINT,
    TESTED_CONFIGURATION,
    is_bank,
    is_other_provider,
)
from procedures.clocks import Roll, Term, Unit
from procedures.facts import Facts

_SECURITY: Final = {"VPM-SEC-01": SEC_ENCRYPTED, "VPM-SEC-02": SEC_MUTUAL, "VPM-SEC-03": SEC_AUDIT}


def not_licensed(facts: Facts) -> bool:
    """A bank has no credit institution's licence that is active and valid today (VPM-REF-02, VPM-INT-01…03)."""
    if not is_bank(facts):
        return False
    licence = facts.lookup(LICENCE)
    in_force = licence["kind"] == "credit_institution" and licence["status"] == "active"
    return not (in_force and _valid_today(facts, licence["valid_to"]))


def not_qualified_eid(facts: Facts) -> bool:
    """A provider that is no bank is not registered as qualified, of enhanced security (VPM-REF-03, VPM-INT-04)."""
    if not is_other_provider(facts):
        return False
    entry = facts.lookup(MOD_ENTRY)
    return not (entry["level"] == "qualified_enhanced" and _valid_today(facts, entry["valid_to"]))


def security_level_missing(facts: Facts) -> bool:
    """One of the three security levels is not provided (VPM-REF-04)."""
    return bool(missing_security_levels(facts))


def missing_security_levels(facts: Facts) -> tuple[str, ...]:
    """Give the ids of the security levels that the application denies."""
    return tuple(id_ for id_, field in _SECURITY.items() if facts.get(field) is False)


def not_free(facts: Facts) -> bool:
    """The service costs somebody something (VPM-REF-05)."""
    return facts[PRICE] > 0


def unlisted_requirements(facts: Facts) -> tuple[str, ...]:
    """Give the requirements that are not met and that no listed ground is about (VPM-INT-20)."""
    rules = {"VPM-SVC-01": two_factors_of_different_kinds, "VPM-SVC-02": three_separate_fields}
    return tuple(id_ for id_, rule in rules.items() if not rule(facts))


def two_factors_of_different_kinds(facts: Facts) -> bool:
    """The service identifies people by at least two factors of different kinds (VPM-SVC-01, VPM-INT-08)."""
    return len({row["factor"] for row in facts[FACTOR_KINDS]}) >= 2


def three_separate_fields(facts: Facts) -> bool:
    """Given name, surname and personal code come each in its own field (VPM-SVC-02)."""
    return facts[SEPARATE_FIELDS]


def endpoint_given(facts: Facts) -> bool:
    """The provider has named where its service can be tested (VPM-PRO-05)."""
    return facts.get(TEST_ENDPOINT) is not None


def certificate_given(facts: Facts) -> bool:
    """The provider has handed in its certificate (VPM-PRO-05, VPM-DRV-05)."""
    return facts.get(CERTIFICATE) is not None


def configuration_given(facts: Facts) -> bool:
    """It is known which configuration is to be tested (VPM-DRV-14)."""
    return facts.get(CONFIGURATION) is not None


def report_of_this_round(facts: Facts) -> bool:
    """There is a test report, and it is younger than the development it is about (VPM-DRV-14)."""
    developed, reports = facts.happened("report_developed"), facts.versions(REPORT)
    return developed is not None and bool(reports) and reports[-1].at >= developed


def report_of_this_configuration(facts: Facts) -> bool:
    """The test report is about the configuration that the provider has now (VPM-DRV-14)."""
    return facts[REPORTED_CONFIGURATION] == facts[CONFIGURATION]


def every_group_passed(facts: Facts) -> bool:
    """All five groups of the test were run once, and passed (VPM-PRO-06, VPM-DRV-14)."""
    return sorted(_groups(facts, passed=True)) == sorted(GROUPS) and not _groups(facts, passed=False)


def some_group_failed(facts: Facts) -> bool:
    """A group of the test failed (VPM-PRO-06)."""
    return bool(_groups(facts, passed=False))


def configuration_is_the_tested_one(facts: Facts) -> bool:
    """What is installed is what was tested (VPM-DRV-14)."""
    return facts[CONFIGURATION] == facts[TESTED_CONFIGURATION]


def configuration_is_not_the_tested_one(facts: Facts) -> bool:
    """The provider has changed what was tested."""
    return not configuration_is_the_tested_one(facts)


def entry_is_gone(facts: Facts) -> bool:
    """The register shows that the licence or the entry is not there any more (VPM-DRV-04)."""
    return not_licensed(facts) or not_qualified_eid(facts)


def is_taken_on(facts: Facts) -> bool:
    """The provider is in production, or would be if its entry were there (VPM-INT-15)."""
    return facts.case.stage in ("in_production", "suspended", "stopped")


def reported_configuration(facts: Facts) -> str:
    """Give the configuration that the report is about."""
    return facts[REPORTED_CONFIGURATION]


def kept(facts: Facts) -> Term:
    """Give how long a closed application is kept."""
    return Term(length=facts.parameter(KEPT_MONTHS), unit=Unit.MONTH, roll=Roll.NONE)


def _groups(facts: Facts, *, passed: bool) -> list[str]:
    return [str(row["group"]) for row in facts[RESULTS] if row["passed"] is passed]


def _valid_today(facts: Facts, valid_to: object) -> bool:
    return valid_to is None or (isinstance(valid_to, date) and facts.today <= valid_to)
