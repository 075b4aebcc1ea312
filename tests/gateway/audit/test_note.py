"""Signed notes and checkpoints in the C2SP formats (security.md 6.3)."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.audit.checkpoint import Checkpoint, parse_checkpoint, verify_checkpoint
from gateway.audit.note import NoteRefused, NoteSigner, parse_verifier, verify_note

VECTOR_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
VECTOR_TEXT = "This is an example message.\n"
VECTOR_SIGNATURE = "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM="
VECTOR = f"{VECTOR_TEXT}\n— example.com/foo {VECTOR_SIGNATURE}\n"
SIGNER = NoteSigner("log.test", Ed25519PrivateKey.from_private_bytes(b"\x07" * 32))
CHECKPOINT = Checkpoint("log.test", 42, b"\x2a" * 32)


def test_the_published_vector_verifies() -> None:
    assert verify_note(VECTOR, parse_verifier(VECTOR_KEY)) == VECTOR_TEXT


def test_a_verifier_key_is_written_as_it_was_read() -> None:
    assert str(parse_verifier(VECTOR_KEY + "\n")) == VECTOR_KEY
    assert parse_verifier(str(SIGNER.verifier)).key_id == SIGNER.verifier.key_id


def test_a_checkpoint_is_three_lines() -> None:
    assert CHECKPOINT.text == "log.test\n42\nKioqKioqKioqKioqKioqKioqKioqKioqKioqKioqKio=\n"
    assert verify_checkpoint(CHECKPOINT.signed_by(SIGNER), SIGNER.verifier) == CHECKPOINT


def test_further_signatures_do_not_disturb() -> None:
    other = NoteSigner("witness.test", Ed25519PrivateKey.from_private_bytes(b"\x08" * 32))
    line = CHECKPOINT.signed_by(other).rpartition("\n\n")[2]
    assert verify_checkpoint(CHECKPOINT.signed_by(SIGNER) + line, SIGNER.verifier) == CHECKPOINT


@settings(max_examples=500, deadline=None)
@given(st.data())
def test_any_changed_byte_of_a_checkpoint_is_refused(data: Any) -> None:
    note = CHECKPOINT.signed_by(SIGNER).encode()
    at = data.draw(st.integers(0, len(note) - 1))
    changed = note[:at] + bytes([data.draw(st.integers(0, 127).filter(lambda n: n != note[at]))]) + note[at + 1 :]
    with pytest.raises(NoteRefused):
        verify_checkpoint(changed.decode(errors="replace"), SIGNER.verifier)


@pytest.mark.parametrize(
    "text",
    [
        "log.test\n042\nKioqKioqKioqKioqKioqKioqKioqKioqKioqKioqKio=\n",
        "log.test\n42\nKioqKioqKioqKioqKioqKioqKioqKioqKioqKioqKip=\n",
        "log.test\n42\nKioq\n",
        "log.test\n42\n!\n",
        "log.test\n-1\nKioqKioqKioqKioqKioqKioqKioqKioqKioqKioqKio=\n",
        "log.test\n٤٢\nKioqKioqKioqKioqKioqKioqKioqKioqKioqKioqKio=\n",
        "log.test\n42\nKioqKioqKioqKioqKioqKioqKioqKioqKioqKioqKio=\nextension\n",
        "\n42\nKioqKioqKioqKioqKioqKioqKioqKioqKioqKioqKio=\n",
        "log.test\n42\nKioqKioqKioqKioqKioqKioqKioqKioqKioqKioqKio=",
    ],
)
def test_a_checkpoint_is_written_in_one_way_only(text: Any) -> None:
    with pytest.raises(NoteRefused):
        parse_checkpoint(text)


@pytest.mark.parametrize(
    "note",
    [
        "",
        "no signature\n",
        VECTOR_TEXT + "\n",
        VECTOR.removesuffix("\n"),
        VECTOR + VECTOR.rpartition("\n\n")[2],
        VECTOR.replace("—", "-"),
        VECTOR.replace("message", "massage"),
        VECTOR.replace("This", "\x00his"),
        VECTOR.replace("aQM=", "aQN="),
    ],
)
def test_a_note_that_is_not_whole_is_refused(note: Any) -> None:
    with pytest.raises(NoteRefused):
        verify_note(note, parse_verifier(VECTOR_KEY))


@pytest.mark.parametrize(
    "key",
    ["", "name", VECTOR_KEY.replace("530d903a", "530d903b"), VECTOR_KEY.replace("Aeky", "Beky"), VECTOR_KEY[:-4]],
)
def test_a_verifier_key_that_does_not_fit_is_refused(key: Any) -> None:
    with pytest.raises(NoteRefused):
        parse_verifier(key)


def test_a_checkpoint_of_another_log_is_refused() -> None:
    with pytest.raises(NoteRefused, match="not of log"):
        verify_checkpoint(SIGNER.sign(Checkpoint("other", 1, bytes(32)).text), SIGNER.verifier)


def test_a_text_without_end_is_not_signed() -> None:
    with pytest.raises(NoteRefused):
        SIGNER.sign("no newline")
