"""The auditor's commands, called in this process so that a hundred calls do not start a hundred interpreters."""

import json
from typing import Any

from click.testing import CliRunner, Result

from gateway.audit_cli import audit as command
from gateway.demo.places import Places


def audit(places: Places, *arguments: str) -> Result:
    return CliRunner().invoke(command, ["--config", str(places.settings("gateway")), *arguments])


def records_of(places: Places, incident: str) -> list[dict[str, Any]]:
    outcome = audit(places, "show", incident, "--json")
    assert outcome.exit_code == 0, outcome.output
    return list(json.loads(outcome.output)["events"])


def rules_of(places: Places, incident: str) -> list[str]:
    events = (record["event"] for record in records_of(places, incident))
    return [event["verdict"]["rule"] for event in events if "verdict" in event]
