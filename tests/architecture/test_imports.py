"""Who may import whom (design.md section 2): the rules hold, and each of them catches a planted violation."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("gateway", "providers", "certs", "mock_bank", "conformance", "portals", "procedures")


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("planted")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__", "static"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def test_every_rule_of_the_table_holds() -> None:
    outcome = lint(ROOT)
    assert outcome.returncode == 0, outcome.stdout


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("gateway", "mock_bank"),
        ("gateway", "portals"),
        ("gateway", "conformance"),
        ("conformance", "gateway"),
        ("conformance", "providers"),
        ("conformance", "mock_bank"),
        ("mock_bank", "providers"),
        ("mock_bank", "gateway"),
        ("mock_bank", "portals"),
        ("portals", "certs"),
        ("portals", "gateway"),
        ("portals", "providers"),
        ("providers", "gateway"),
        ("providers", "procedures"),
        ("procedures", "certs"),
        ("certs", "procedures"),
        ("certs", "gateway"),
        ("gateway.broker", "flask"),
        ("gateway.oidc", "sqlalchemy"),
        ("gateway.audit", "requests"),
        ("gateway.use_cases", "socket"),
        ("providers.contract", "requests"),
    ],
)
def test_a_planted_import_is_caught(copy: Path, importer: str, imported: str) -> None:
    path = copy.joinpath(*importer.split("."))
    planted = path / "planted.py" if path.is_dir() else path.with_suffix(".py")
    before = planted.read_text() if planted.exists() else None
    planted.write_text(f"{before or ''}\n\ndef later():\n    import {imported}\n")
    try:
        outcome = lint(copy)
    finally:
        planted.write_text(before) if before is not None else planted.unlink()
    assert outcome.returncode != 0
    assert imported in outcome.stdout
