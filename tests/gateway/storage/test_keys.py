"""Keys outside the database: made once, for their owner only."""

import subprocess
import sys
from pathlib import Path

import pytest

from gateway.storage.identity_seal import IdentitySeal
from gateway.storage.keys import KeysUnsafe, StorageKeys
from tests.support.logins import identity


def make_all(keys: StorageKeys) -> None:
    for make in (lambda: keys.storage, lambda: keys.evidence, lambda: keys.signer, lambda: keys.subject_key("2026-Q4")):
        make()


def test_missing_keys_are_made_for_their_owner_only(tmp_path: Path) -> None:
    make_all(StorageKeys(tmp_path / "keys"))
    files = sorted(file.name for file in (tmp_path / "keys").iterdir())
    assert files == ["evidence.key", "log.key", "log.pub", "storage.key", "subject-2026-Q4.key"]
    assert {file.stat().st_mode & 0o777 for file in (tmp_path / "keys").glob("*.key")} == {0o600}


def test_keys_are_kept(tmp_path: Path) -> None:
    first, second = StorageKeys(tmp_path), StorageKeys(tmp_path)
    assert first.storage == second.storage != first.evidence
    assert str(first.signer.verifier) == str(second.signer.verifier) == str(first.verifier)


def test_processes_that_start_at_once_agree_on_the_keys(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from gateway.storage.keys import StorageKeys\n"
        "keys = StorageKeys(Path(sys.argv[1])); print(keys.storage.hex(), keys.signer.verifier)"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(4)]
    assert len({process.communicate(timeout=60)[0] for process in processes}) == 1


def test_a_key_that_others_can_read_is_refused_with_the_remedy(tmp_path: Path) -> None:
    make_all(StorageKeys(tmp_path))
    (tmp_path / "storage.key").chmod(0o640)
    with pytest.raises(KeysUnsafe, match="chmod 600"):
        _ = StorageKeys(tmp_path).storage


def test_a_cut_off_key_is_refused(tmp_path: Path) -> None:
    make_all(StorageKeys(tmp_path))
    (tmp_path / "evidence.key").write_bytes(b"short")
    with pytest.raises(KeysUnsafe, match="does not hold 32 bytes"):
        _ = StorageKeys(tmp_path).evidence


def test_a_sealed_identity_opens_for_its_own_login_only() -> None:
    from cryptography.exceptions import InvalidTag

    seal = IdentitySeal(b"k" * 32)
    sealed = seal.seal(identity(), "A" * 26)
    assert seal.open(sealed, "A" * 26) == identity()
    with pytest.raises(InvalidTag):
        seal.open(sealed, "B" * 26)
