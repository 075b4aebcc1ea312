"""The auditor's commands, as an auditor calls them."""

import json
import subprocess
import sys
from typing import Any

from gateway.demo.places import Places


def audit(places: Places, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "vpm", "audit", "--config", str(places.settings("gateway")), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def records_of(places: Places, incident: str) -> list[dict[str, Any]]:
    outcome = audit(places, "show", incident, "--json")
    assert outcome.returncode == 0, outcome.stderr
    return list(json.loads(outcome.stdout)["events"])


def rules_of(places: Places, incident: str) -> list[str]:
    return [
        record["event"]["verdict"]["rule"] for record in records_of(places, incident) if "verdict" in record["event"]
    ]
