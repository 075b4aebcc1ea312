"""JSON of the service, member by member: unknown ones are ignored, a mandatory one is there, once, with its type."""

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from providers.errors import AssertionRejected
from providers.refusals import SENTENCES, Reason
from providers.wire.jose import without_repeats


def parse_object(body: bytes) -> Mapping[str, Any]:
    """One JSON object in UTF-8.

    Raises:
        AssertionRejected: ``malformed``; a member that occurs twice, at any depth, is malformed as well
            (eid-providers.md section 5 rule 5).
    """
    try:
        found = json.loads(body.decode("utf-8"), object_pairs_hook=without_repeats, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise AssertionRejected(Reason.MALFORMED, "the service's answer is no JSON with each member once") from error
    if not isinstance(found, dict):
        malformed("the service's answer is no JSON object")
    return found


def member(of: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A member that is an object; raises as ``parse_object`` does."""
    found = of.get(name)
    if not isinstance(found, dict):
        malformed(f"{name} is no object")
    return found


def text(of: Mapping[str, Any], name: str) -> str:
    """A member that is a text, not empty; raises as ``parse_object`` does."""
    found = of.get(name)
    if not isinstance(found, str) or not found:
        malformed(f"{name} is no text")
    return found


def malformed(detail: str) -> NoReturn:
    """Refuse an answer of a wrong shape; ``detail`` names the member and repeats nothing of the content."""
    raise AssertionRejected(Reason.MALFORMED, detail or SENTENCES[Reason.MALFORMED])


def _no_number(constant: str) -> None:
    raise ValueError(f"{constant} is no number in JSON")
