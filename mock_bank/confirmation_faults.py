"""Faults that act on confirmations and journals: on the claims, on the signature, on the list of records."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.util import urlsafe_b64encode

from mock_bank.bank import Bank
from mock_bank.confirmations import CONFIRMATION_TYP, JOURNAL_TYP, Signer, as_bytes
from mock_bank.faults import ActiveFaults
from mock_bank.journal import Record
from mock_bank.personas import PERSON_B, Persona

Claims = dict[str, Any]


def _other_person(claims: Claims, bank: Bank) -> None:
    other: Persona = bank.personas[PERSON_B]
    claims |= {"given_name": other.given_name, "family_name": other.family_name, "personal_code": other.personal_code}


def _joined(claims: Claims, _bank: Bank) -> None:
    claims["name"] = f"{claims.pop('given_name')} {claims.pop('family_name')}"


def _put(**changes: Any) -> Callable[[Claims, Bank], None]:
    return lambda claims, _: claims.update(changes)


def _drop(*names: str) -> Callable[[Claims, Bank], None]:
    def bend(claims: Claims, _bank: Bank) -> None:
        for name in names:
            claims.pop(name, None)

    return bend


def _expired(claims: Claims, _bank: Bank) -> None:
    claims |= {"iat": claims["iat"] - 360, "exp": claims["iat"] - 60}


CLAIMS: Final[Mapping[str, Callable[[Claims, Bank], None]]] = {
    "vbc.other-person": _other_person,
    "vbc.other-login": lambda claims, bank: claims.update(authentication_id=bank.tokens(16)),
    "vbc.one-factor": _put(factors=["knowledge"]),
    "mfa.single-amr": _put(factors=["knowledge"]),
    "mfa.low-acr": _put(factors=["possession"]),
    "vbc.same-kind-twice": _put(factors=["knowledge", "knowledge"]),
    "mfa.no-acr": _drop("factors"),
    "vbc.joined-name": _joined,
    "att.combined-name": _drop("given_name"),
    "vbc.expired": _expired,
    "vbc.other-audience": _put(aud="OTHERPARTNER"),
    "vbc.other-issuer": _put(iss="OTHERBANK"),
    "att.extra-data": _put(address="Brīvības iela 1, Rīga", phone="+37120000000"),
    "att.outside-signature": _drop("personal_code"),
    "aud.no-txid": _drop("jti"),
    "aud.txid-unsigned": _drop("jti"),
}


def bent_confirmation(claims: Claims, bank: Bank, faults: ActiveFaults) -> str:
    """Claims as the bank sends them: bent, signed, and bent again."""
    for name, bend in CLAIMS.items():
        if name in faults:
            bend(claims, bank)
    payload = as_bytes(claims)
    if "att.duplicate-attr" in faults:
        payload = payload[:-1] + b',"personal_code":"' + claims.get("personal_code", "").encode() + b'"}'
    signed = _signer(bank, faults).sign(payload, "JWT" if "vbc.wrong-typ" in faults else CONFIRMATION_TYP)
    return _after_signing(signed, claims, faults)


def _signer(bank: Bank, faults: ActiveFaults) -> Signer:
    if "vbc.wrong-key" in faults:
        return Signer(ec.generate_private_key(ec.SECP256R1()), bank.settings.confirmation.kid)
    return bank.signer


def _after_signing(signed: str, claims: Claims, faults: ActiveFaults) -> str:
    header, payload, signature = signed.split(".")
    if "vbc.changed-after-signing" in faults:
        payload = _segment(claims | {"family_name": "Cita"})
    if "vbc.alg-none" in faults:
        header, signature = _segment({"alg": "none", "typ": CONFIRMATION_TYP}), ""
    return f"{header}.{payload}.{signature}"


def _segment(value: Mapping[str, Any]) -> str:
    return urlsafe_b64encode(json.dumps(value, ensure_ascii=False).encode()).decode("ascii")


def bent_records(records: list[Record], faults: ActiveFaults, *, now: int, odd: bool) -> list[Record]:
    """The records that an extract shows; ``odd`` is true for every second extract."""
    if "aud.missing-record" in faults:
        records = records[:-1]
    if "aud.short-retention" in faults:
        records = [record for record in records if record.at > now - 60]
    if "aud.unstable-extract" in faults and odd:
        records = records[1:]
    if "aud.time-shift" in faults:
        records = [replace(record, at=record.at + 3600) for record in records]
    if "aud.wrong-outcome" in faults:
        records = [
            replace(record, outcome="refused") if record.outcome == "identified" else record for record in records
        ]
    return records


def bent_journal(claims: Claims, records: list[Record], bank: Bank, faults: ActiveFaults) -> str:
    """The journal as the bank sends it."""
    for row, record in zip(claims["entries"], records, strict=True):
        if "aud.no-correlation" in faults:
            row["id"] = bank.tokens(32)
        if "aud.missing-field" in faults:
            del row["outcome"], row["method"]
        if record.secret:
            row["note"] = f"password {record.secret}"
    signed = bank.signer.sign(as_bytes(claims), JOURNAL_TYP)
    if "aud.broken-chain" not in faults:
        return signed
    header, _, signature = signed.split(".")
    return f"{header}.{_segment(claims | {'entries': claims['entries'][1:]})}.{signature}"
