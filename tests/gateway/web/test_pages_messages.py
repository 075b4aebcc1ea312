"""Every reason has its three texts, and no text says what it must not."""

import ast
import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import pytest

from gateway.broker.login import Refusal
from gateway.web.message import Concern, OAuthError
from gateway.web.messages import GENERAL, MESSAGES, message_for
from gateway.web.notices import NOTICES, Notice
from gateway.web.person_texts import PersonText
from providers import refusals
from providers.contract import Language

ROOT = Path(__file__).parents[3]

BANKLINK_SECTION_8 = [
    "unknown_endpoint",
    "malformed",
    "unexpected_service",
    "unexpected_version",
    "wrong_sender",
    "wrong_recipient",
    "bad_signature",
    "stale",
    "unknown_nonce",
    "expired",
    "replayed",
    "identity_incomplete",
    "token_refused",
    "wrong_browser",
]
EID_PROVIDERS_4_3 = {
    "access_denied": "cancelled timeout wrong_code_chosen no_account account_unusable device_problem cert_expired "
    "cert_revoked cert_purpose cert_policy identity_incomplete identity_mismatch",
    "temporarily_unavailable": "provider_busy revocation_unavailable",
    "server_error": "provider_refused_us malformed bad_signature not_trusted stale replayed wrong_browser",
    "unmet_authentication_requirements": "loa_insufficient",
}
RAISERS = {"AuthenticationDeclined", "AssertionRejected", "ProviderUnavailable", "ProviderMisconfigured"}
CHECKED_BY_NAME = {"UntrustedRequest", "RequestRefused", "SignOutRefused", "refused"}


def literal_reasons(folder: str, callees: set[str]) -> set[str]:
    """Collect the literal first arguments of calls of the named classes or methods."""
    found = set()
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                callee = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if callee in callees and isinstance(node.args[0].value, str):
                    found.add(node.args[0].value)
    return found


def reason_enumerations() -> list[type[StrEnum]]:
    """Give every enumeration of reasons that the providers have in common."""
    return [kind for kind in vars(refusals).values() if isinstance(kind, type) and issubclass(kind, StrEnum)]


def all_texts() -> Iterator[tuple[str, PersonText]]:
    for reason, message in (*MESSAGES.items(), ("general", GENERAL)):
        for language in Language:
            text = message.person[language].about("Meža banka")
            yield f"{reason} {language}", text
    for notice in Notice:
        for language in Language:
            yield f"{notice} {language}", NOTICES[notice][language]


@pytest.mark.parametrize("reason", BANKLINK_SECTION_8)
def test_every_code_of_banklink_has_its_texts(reason: str) -> None:
    assert reason in MESSAGES


@pytest.mark.parametrize(
    ("error", "reason"), [(error, reason) for error, reasons in EID_PROVIDERS_4_3.items() for reason in reasons.split()]
)
def test_every_outcome_code_tells_the_relying_party_what_the_catalogue_says(error: str, reason: str) -> None:
    assert MESSAGES[reason].relying_party.error == error


def test_every_reason_of_the_broker_and_of_the_providers_has_its_texts() -> None:
    reasons = {str(reason) for reason in Refusal}
    for kind in [k for k in reason_enumerations() if k.__module__ == refusals.__name__]:
        reasons |= {str(reason) for reason in kind}
    assert len(reasons) > len(Refusal)
    assert reasons - set(MESSAGES) == set()


def test_every_reason_written_out_anywhere_in_the_code_has_its_texts() -> None:
    reasons = literal_reasons("providers", RAISERS) | literal_reasons("gateway", RAISERS)
    assert reasons - set(MESSAGES) == set()


def test_every_check_of_the_front_door_has_its_texts() -> None:
    names = literal_reasons("gateway/oidc", CHECKED_BY_NAME)
    assert "pkce_present" in names
    assert names - set(MESSAGES) == set()


def test_an_unknown_reason_gets_the_general_texts() -> None:
    assert message_for("never-heard-of") is GENERAL


def test_cancelled_unknown_and_unusable_look_the_same_to_relying_party_and_person() -> None:
    """eid-providers.md 4.3: whether an account exists is nobody's business."""
    faces = {
        (MESSAGES[r].relying_party, id(MESSAGES[r].person)) for r in ("cancelled", "no_account", "account_unusable")
    }
    assert len(faces) == 1


def test_security_events_and_alarms_are_those_of_the_catalogue() -> None:
    for reason in ("bad_signature", "not_trusted", "wrong_browser", "identity_mismatch"):
        assert MESSAGES[reason].concern is Concern.SECURITY
    assert MESSAGES["provider_refused_us"].concern is Concern.ALARM


def test_what_a_relying_party_reads_fits_the_grammar_of_oauth() -> None:
    """RFC 6749 4.1.2.1: printable ASCII without quotation mark and backslash."""
    for reason, message in MESSAGES.items():
        assert re.fullmatch(r"[\x20-\x21\x23-\x5b\x5d-\x7e]{3,200}", message.relying_party.description), reason
        assert message.relying_party.error in set(OAuthError), reason
        assert message.operator.endswith("."), reason


def test_every_text_for_a_person_is_whole_sentences_and_says_the_next_step() -> None:
    for where, text in all_texts():
        assert text.title, where
        assert not text.title.endswith("."), where
        assert text.explanation.endswith("."), where
        assert text.next_step.endswith("."), where
        assert "{" not in text.title + text.explanation + text.next_step, where


BLAME = re.compile(r"\b(you failed|your fault|your mistake|illegal|jūsu kļūda|jūs kļūdījāties)\b", re.IGNORECASE)
GENDERED = re.compile(r"\b[Jj]ūs (ne)?esat \w+(is|ies|usi|usies)\b")
CODES = re.compile(r"\d{6}-?\d{5}|[a-z]+_[a-z]+")


def test_no_text_for_a_person_blames_or_assumes_who_reads_or_shows_codes() -> None:
    for where, text in all_texts():
        said = f"{text.title} {text.explanation} {text.next_step}"
        assert not BLAME.search(said), where
        assert not GENDERED.search(said), where
        assert not CODES.search(said), where


def test_latvian_and_english_texts_differ() -> None:
    for reason, message in MESSAGES.items():
        latvian, english = (message.person[language] for language in Language)
        assert latvian.title != english.title, reason
        assert latvian.next_step != english.next_step, reason


def test_a_provider_that_is_not_known_is_spoken_of_in_general_words() -> None:
    text = MESSAGES["provider_busy"].person[Language.LATVIAN]
    assert text.about("Meža banka").explanation.startswith("Meža banka pašlaik neatbild.")
    assert text.about(None).explanation.startswith("Izvēlētais pieteikšanās pakalpojums pašlaik neatbild.")
