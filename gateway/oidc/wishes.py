"""What a request may wish for beyond the necessary, read one parameter at a time (OIDC Core 3.1.2.1 and 5.5).

Each reader takes the text of one parameter and gives a value, or raises ``ValueError`` with a sentence for the
portal's developer. Nothing here decides what is released: that is the registration's business.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from gateway.broker.login import Prompt
from gateway.oidc.strict_json import claims_of
from providers.contract import AssuranceLevel, ProviderId

LONGEST_CLAIMS: Final = 4096
"""Characters of the ``claims`` parameter."""
_SECONDS: Final = re.compile(r"[0-9]{1,9}", re.ASCII)
_PROVIDER_HINT: Final = re.compile(r"provider:([a-z][a-z0-9-]{0,39})", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimsRequest:
    """The parameter ``claims``: names asked for in each place, and levels that one of must be reached."""

    id_token: frozenset[str] = frozenset()
    userinfo: frozenset[str] = frozenset()
    levels: tuple[AssuranceLevel, ...] = ()
    """Known levels among the values asked for ``acr``; empty when none was asked for."""
    level_out_of_reach: bool = False
    """An essential ``acr`` names only values that do not exist here."""


def parse_claims(text: str | None) -> ClaimsRequest:
    """Read ``claims``; members and claims that are unknown are ignored (5.5)."""
    if text is None:
        return ClaimsRequest()
    if len(text) > LONGEST_CLAIMS:
        raise ValueError(f"claims must be at most {LONGEST_CLAIMS} characters")
    try:
        asked = claims_of(text.encode())
    except ValueError as error:
        raise ValueError("claims must be a JSON object without a member twice") from error
    id_token, userinfo = _place(asked, "id_token"), _place(asked, "userinfo")
    if any(_wish(place, "sub") for place in (id_token, userinfo)):
        raise ValueError("claims: a value for sub is not supported; compare sub yourself")
    levels, out_of_reach = _levels(_wish(id_token, "acr"))
    return ClaimsRequest(
        id_token=frozenset(id_token), userinfo=frozenset(userinfo), levels=levels, level_out_of_reach=out_of_reach
    )


def _place(asked: dict[str, object], name: str) -> dict[str, Any]:
    place = {} if asked.get(name) is None else asked[name]
    if not isinstance(place, dict) or not all(wish is None or isinstance(wish, dict) for wish in place.values()):
        raise ValueError(f"claims: {name} must be an object whose members are objects or null")
    return place


def _wish(place: dict[str, Any], claim: str) -> dict[str, Any]:
    return place.get(claim) or {}


def _levels(wish: dict[str, Any]) -> tuple[tuple[AssuranceLevel, ...], bool]:
    values = wish.get("values", [wish["value"]] if "value" in wish else [])
    if not isinstance(values, list) or not isinstance(wish.get("essential", False), bool):
        raise ValueError("claims: acr takes essential (true or false) and values (a list)")  # noqa: TRY004 - bad input has one type
    known = tuple(_known_levels(values))
    return known, bool(wish.get("essential") and values and not known)


def _known_levels(values: Iterable[object]) -> Iterable[AssuranceLevel]:
    by_uri = {level.uri: level for level in AssuranceLevel}
    return (by_uri[value] for value in values if isinstance(value, str) and value in by_uri)


def parse_prompt(text: str | None) -> frozenset[Prompt]:
    """Read ``prompt``; ``none`` stands alone (3.1.2.1)."""
    try:
        prompts = frozenset(map(Prompt, (text or "").split()))
    except ValueError as error:
        raise ValueError("prompt takes none, login, consent and select_account") from error
    if Prompt.NONE in prompts and len(prompts) > 1:
        raise ValueError("prompt: none cannot stand beside another value")
    return prompts


def parse_max_age(text: str | None) -> timedelta | None:
    """Read ``max_age``, whole seconds."""
    if text is None:
        return None
    if not _SECONDS.fullmatch(text):
        raise ValueError("max_age must be whole seconds, not below 0")
    return timedelta(seconds=int(text))


def hinted_provider(login_hint: str | None) -> ProviderId | None:
    """Read the one thing a ``login_hint`` may say here: ``provider:<id>``.

    Anything else is ignored and kept nowhere, since it may be a personal code, a name or an address.
    """
    found = _PROVIDER_HINT.fullmatch(login_hint or "")
    return ProviderId(found[1]) if found else None
