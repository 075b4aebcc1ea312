"""The debugger on a terminal: gathers keys and writes an explanation as text."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa

from mock_bank.debugger import explain
from mock_bank.explanation import Explanation, Step
from mock_bank.keys import BankKeys, open_keys, rsa_public_key
from mock_bank.pasted import read_pasted
from mock_bank.settings import read_settings


def keys_of(bank_id: str, keys: BankKeys) -> dict[str, rsa.RSAPublicKey]:
    """Every public key that a bank knows, by the id that stands in ``VK_SND_ID``."""
    return {bank_id: keys.banklink.public_key(), **dict(_named_keys(keys))}


def _named_keys(keys: BankKeys) -> Iterator[tuple[str, rsa.RSAPublicKey]]:
    for partner in keys.partners.values():
        for number, key in enumerate(partner.public_keys, 1):
            yield partner.id if number == 1 else f"{partner.id}, key {number}", key


def known_keys(files: Sequence[Path], config: Path | None) -> tuple[dict[str, rsa.RSAPublicKey], str | None]:
    """Keys from PEM files and from a bank's settings; the first file's key is the expected one, if there is one.

    Raises:
        InvalidSettings: the settings cannot be used.
        UnusableKey: a file holds no RSA public key.
    """
    known = {str(file): rsa_public_key(file.read_bytes(), file) for file in files}
    if config is not None:
        settings = read_settings(config)
        known |= keys_of(settings.id, open_keys(settings))
    return known, str(files[0]) if files else None


def explained(message: bytes, keys: Mapping[str, rsa.RSAPublicKey], expected: str | None) -> tuple[bool, str]:
    """Whether the message verifies, and the explanation as lines.

    Raises:
        NoMessage: the bytes hold no banklink message.
    """
    explanation = explain(read_pasted(message), keys, expected)
    return explanation.verified, "\n".join(_lines(explanation))


def _lines(it: Explanation) -> Iterator[str]:
    yield f"Fields in MAC order ({it.service or 'no VK_SERVICE'}, {it.charset}):"
    for field in it.fields:
        note = "" if field.present else "   (missing: counts as empty)"
        yield f"  {field.number:2}  {field.name:13} {field.chars:03d} chars {field.bytes:3} bytes  {field.value}{note}"
    yield f"MAC string: {it.chars} characters, {it.bytes} bytes"
    yield f"  {it.mac_string}"
    yield f"{it.hash_name}: {it.digest}"
    yield "Verification:"
    yield from map(_step_line, it.steps)
    yield verdict(it)


def _step_line(step: Step) -> str:
    mark = {True: "ok  ", False: "FAIL", None: "note"}[step.passed]
    return f"  {mark}  {step.name}: {step.sentence}"


def verdict(it: Explanation) -> str:
    """One sentence: it verifies, or what would make it verify."""
    if it.verified:
        return "The signature is right."
    if it.difference:
        return f"The signature is wrong. One difference would make it right: {it.difference}."
    return "The signature is wrong, and no single difference that this debugger knows would make it right."
