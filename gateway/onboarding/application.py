"""What a case of taking on a provider consists of: who acts, what is said, what is handed in, which registers are asked.

Sources are lines of the announcement of the programme, as the catalogue in ``docs/`` names them: VPM-ELG, VPM-SVC,
VPM-SEC.
"""

from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from procedures.facts import Facts
from procedures.fields import Amount, Choice, Table, Text, TextForm, YesNo
from procedures.parts import Dated, Document, Held, Login, Lookup, Parameter, Role, RoleKind, Stage, Words

PROVIDER: Final = Role(id="provider", kind=RoleKind.ORGANISATION, login=Login.VPM, held=Held.FIRST)
"""The applicant, for whom its people act; nobody else's people may act in its case."""
AGENCY: Final = Role(id="agency", kind=RoleKind.AUTHORITY, login=Login.STAFF)
SYSTEM: Final = Role(id="system", kind=RoleKind.SERVICE, login=Login.SERVICE)

DRAFT: Final = Stage(id="draft", names=Words(lv="Sagatave", en="Draft"))
SUBMITTED: Final = Stage(id="submitted", names=Words(lv="Pieteikums iesniegts", en="Submitted"))
ACCEPTED: Final = Stage(id="accepted", names=Words(lv="Līguma sastādīšana", en="Drafting the contract"))
CONTRACT_AGREED: Final = Stage(id="contract_agreed", names=Words(lv="Līguma noslēgšana", en="Concluding the contract"))
CONTRACT_SIGNED: Final = Stage(id="contract_signed", names=Words(lv="Izstrāde", en="Development"))
DEVELOPED: Final = Stage(id="developed", names=Words(lv="Testēšana", en="Testing"))
TESTED: Final = Stage(id="tested", names=Words(lv="Ieviešana produkcijā", en="Putting into production"))
IN_PRODUCTION: Final = Stage(id="in_production", names=Words(lv="Produkcijā", en="In production"))
SUSPENDED: Final = Stage(id="suspended", names=Words(lv="Apturēts", en="Suspended"))
STOPPED: Final = Stage(id="stopped", names=Words(lv="Apturēts ar lēmumu", en="Stopped by decision"))
REFUSED: Final = Stage(id="refused", names=Words(lv="Atteikts", en="Refused"), final=True)
WITHDRAWN: Final = Stage(id="withdrawn", names=Words(lv="Atsaukts", en="Withdrawn"), final=True)

BEFORE_PRODUCTION: Final = (DRAFT, SUBMITTED, ACCEPTED, CONTRACT_AGREED, CONTRACT_SIGNED, DEVELOPED, TESTED)

KIND: Final = Choice(id="kind", values=("bank", "eid"), required=True, by=(PROVIDER,), within=(DRAFT,))
"""A bank, or another provider of electronic identification: decides which register is asked (VPM-ELG-01)."""
NAME: Final = Text(id="name", max_length=200, required=True, by=(PROVIDER,), within=(DRAFT,))
REG_NO: Final = Text(id="reg_no", pattern=r"[0-9]{11}", required=True, by=(PROVIDER,), within=(DRAFT,))
PRICE: Final = Amount(id="price", minimum=Decimal("0.00"), required=True, by=(PROVIDER,), within=(DRAFT,))
"""What one login costs anybody (VPM-ELG-04, VPM-INT-18)."""
INTERFACE: Final = Text(id="interface", form=TextForm.CODE, required=True, by=(PROVIDER,), within=(DRAFT,))
FACTOR: Final = Choice(id="factor", values=("knowledge", "possession", "inherence"))
FACTOR_KINDS: Final = Table(id="factor_kinds", columns=(FACTOR,), required=True, by=(PROVIDER,), within=(DRAFT,))
SEPARATE_FIELDS: Final = YesNo(id="separate_fields", required=True, by=(PROVIDER,), within=(DRAFT,))
"""Whether given name, surname and personal code arrive each in its own field (VPM-SVC-02)."""
SEC_ENCRYPTED: Final = YesNo(id="sec_encrypted", required=True, by=(PROVIDER,), within=(DRAFT,))
SEC_MUTUAL: Final = YesNo(id="sec_mutual", required=True, by=(PROVIDER,), within=(DRAFT,))
SEC_AUDIT: Final = YesNo(id="sec_audit", required=True, by=(PROVIDER,), within=(DRAFT,))
CONTACT: Final = Text(id="contact", form=TextForm.EMAIL, required=True, by=(PROVIDER,), within=(DRAFT,))

_AT_WORK: Final = (CONTRACT_SIGNED, DEVELOPED, TESTED)
TEST_ENDPOINT: Final = Text(id="test_endpoint", form=TextForm.URL, by=(PROVIDER,), within=_AT_WORK)
CERTIFICATE: Final = Text(id="certificate", form=TextForm.FILE, by=(PROVIDER,), within=_AT_WORK)
CONFIGURATION: Final = Text(id="configuration", form=TextForm.FILE, by=(PROVIDER,), within=_AT_WORK)
"""Fingerprint of the endpoints, keys and dialect that are to be tested and then installed."""

GROUPS: Final = ("two_factors", "three_fields", "encryption", "mutual_authentication", "audit")
"""What a conformance report is about (VPM-DRV-14)."""
GROUP: Final = Choice(id="group", values=GROUPS)
PASSED: Final = YesNo(id="passed")
RESULTS: Final = Table(id="results", columns=(GROUP, PASSED))
REPORTED_CONFIGURATION: Final = Text(id="reported_configuration", form=TextForm.FILE)
"""The fingerprint of what the report is about."""
TESTED_CONFIGURATION: Final = Text(id="tested_configuration", form=TextForm.FILE)
"""The fingerprint of what passed."""

FIELDS: Final = (
    *(KIND, NAME, REG_NO, PRICE, INTERFACE, FACTOR_KINDS, SEPARATE_FIELDS),
    *(SEC_ENCRYPTED, SEC_MUTUAL, SEC_AUDIT, CONTACT),
    *(TEST_ENDPOINT, CERTIFICATE, CONFIGURATION),
    *(RESULTS, REPORTED_CONFIGURATION, TESTED_CONFIGURATION),
)

CONTRACT: Final = Document(id="contract", by=(PROVIDER, AGENCY, SYSTEM), required=False, within=(ACCEPTED,))
"""The text of the cooperation agreement; each change is a version, and clears who has agreed (VPM-PRO-03)."""
REPORT: Final = Document(id="report", by=(AGENCY, SYSTEM), required=False, within=(DEVELOPED,))
"""A signed conformance report (VPM-DRV-14)."""


def is_bank(facts: Facts) -> bool:
    """The applicant is a bank."""
    return facts[KIND] == "bank"


def is_other_provider(facts: Facts) -> bool:
    """The applicant is a provider of electronic identification and no bank."""
    return facts[KIND] == "eid"


LICENCE: Final = Lookup(
    id="licence",
    register="credit institutions",
    returns=("entry_no", "kind", "status", "valid_to"),
    max_age=timedelta(hours=24),
    when=is_bank,
)
"""Which licence the register shows for ``REG_NO``: kind ``credit_institution`` or another, status ``active`` or
another, ``valid_to`` the last day or None (VPM-ELG-02, VPM-INT-01, VPM-INT-02, VPM-INT-15)."""

MOD_ENTRY: Final = Lookup(
    id="mod_entry",
    register="electronic identification",
    returns=("entry_no", "level", "valid_to"),
    max_age=timedelta(hours=24),
    when=is_other_provider,
)
"""The entry in the register of the Ministry of Defence; ``level`` is None when there is none (VPM-ELG-03)."""

KEPT_MONTHS: Final = Parameter(id="kept_months", values=(Dated(value=24, valid_from=date(2015, 1, 1)),))
"""How long a closed application is kept (VPM-INT-10)."""
