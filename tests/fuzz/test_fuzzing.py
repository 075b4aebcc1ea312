"""No input whatever ends in an exception that is not declared (T10): 30 seconds each here, an hour by ``make nightly``."""

import os
import subprocess
import sys
from pathlib import Path
from platform import machine
from typing import Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.fuzz.targets import SEEDS, TARGETS

ROOT: Final = Path(__file__).parent.parent.parent
SECONDS: Final = int(os.environ.get("VPM_FUZZ_SECONDS", "3600" if "VPM_NIGHTLY" in os.environ else "30"))
PATIENCE: Final = 280
"""Seconds beside those of the search, for a machine that is busy."""

# By the machine, not by what is installed: where atheris exists and is missing, these tests fail.
needs_atheris = pytest.mark.skipif(
    (sys.platform, machine()) != ("linux", "x86_64"),
    reason="atheris has wheels for Linux on x86-64 only; hypothesis searches all the same",
)
pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")


def search(name: str, seconds: int, folder: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "tests.fuzz", name, str(seconds), str(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )


@needs_atheris
@pytest.mark.timeout(SECONDS + PATIENCE + 60)
def test_t10_no_input_ends_in_an_uncaught_exception(tmp_path: Path) -> None:
    searches = {name: search(name, SECONDS, tmp_path / name) for name in TARGETS}
    said = {name: process.communicate(timeout=SECONDS + PATIENCE)[0] for name, process in searches.items()}
    for name, process in searches.items():
        assert process.returncode == 0, said[name][-4000:]
        assert "Done " in said[name], said[name][-4000:]
        assert not list((tmp_path / name).glob("found-*"))
        print(name, said[name].strip().splitlines()[-1])  # noqa: T201 - a figure


@needs_atheris
def test_a_planted_fault_is_found(tmp_path: Path) -> None:
    process = search("planted", 60, tmp_path)
    said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode != 0
    assert "planted" in said
    assert list(tmp_path.glob("found-*"))


@pytest.mark.parametrize("name", TARGETS)
def test_t10_the_seeds_themselves_end_as_declared(name: str) -> None:
    for seed in SEEDS[name]:
        TARGETS[name](seed)


@given(st.binary(max_size=400))
@example(b"[" * 4000)
@example(b"\xed\xa0\x80")
def test_t10_bytes_end_as_declared_everywhere(data: bytes) -> None:
    for target in TARGETS.values():
        target(data)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(
    ["iss", "sub", "aud", "exp", "iat", "nbf", "jti", "htm", "htu", "ath", "nonce", "typ", "alg", "jwk"]
)


@given(st.dictionaries(NAMES, JSON, max_size=10))
def test_t10_claims_of_every_type_end_as_declared(claims: dict[str, object]) -> None:
    import json

    data = json.dumps(claims).encode()
    TARGETS["client-assertion"](data)
    TARGETS["dpop-proof"](data)
