"""What the README promises: its commands exist and run, its links and pictures lead somewhere."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.demo.cli import demo
from tests.flows.conftest import free_ports
from vpm import GROUPS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").rglob("*.md"))]
COMMAND = re.compile(r"\bvpm ([a-z]+)\b")


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {target for document in DOCUMENTS for target in re.findall(r"`make ([a-z]+)", document.read_text())}
    assert named
    assert named <= targets


def test_make_help_lists_every_target() -> None:
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in ("run", "test", "check", "bench", "nightly", "setup"):
        assert re.search(rf"^{target}\b", shown, re.MULTILINE)


def test_every_vpm_command_that_is_named_exists() -> None:
    named = {group for document in DOCUMENTS for group in COMMAND.findall(document.read_text())}
    assert {"demo", "audit", "gateway"} <= named
    assert named <= set(GROUPS)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_and_picture_leads_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", document.read_text()):
        if "://" not in target:
            assert (document.parent / target).exists(), target


@pytest.mark.xdist_group("flows")
def test_the_demo_signs_in_once_and_prints_one_line_of_json(tmp_path: Path) -> None:
    """README: ``vpm demo --once --json``."""
    first = min(free_ports(40))
    command = [
        sys.executable,
        "-m",
        "vpm",
        "demo",
        "--once",
        "--json",
        "--root",
        str(tmp_path),
        "--first-port",
        str(first),
    ]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120).stdout
    line = json.loads(shown)
    assert shown.count("\n") == 1
    assert line["identity"] == {"given_name": "Anna", "family_name": "Bērziņa", "personal_code": "150930-24177"}
    assert line["audit_records"] >= 4
    assert line["audit_verified"] is True
    assert 0 < line["seconds"] < 60


def test_the_demos_options_are_what_the_readme_shows() -> None:
    options = {name for parameter in demo.params for name in parameter.opts}
    assert {"--once", "--json"} <= options
    assert "vpm demo --once --json" in README
