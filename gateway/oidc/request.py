"""An authorization request, checked one rule at a time (OIDC Core 3.1.2.1, security.md 8.1 baseline)."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar
from urllib.parse import parse_qsl, urlencode

from gateway.broker.login import Prompt, Question, Wanted
from gateway.broker.relying_party import Profile, RelyingParties, RelyingParty, SenderConstraint
from gateway.oidc.errors import ReplyTo, RequestRefused, UntrustedRequest
from gateway.oidc.jarm import SIGNED_MODES
from gateway.oidc.wishes import ClaimsRequest, hinted_provider, parse_claims, parse_max_age, parse_prompt
from providers.contract import AssuranceLevel, Language, ProviderId

SCOPES: Final = frozenset({"openid", "identity"})
MAX_STATE: Final = 2048
MAX_NONCE: Final = 512
_LEVELS: Final = {level.uri: level for level in AssuranceLevel}
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_PRINTABLE: Final = re.compile(r"[\x20-\x7e]*", re.ASCII)
_UNSUPPORTED: Final = {
    "request": "request_not_supported",
    "request_uri": "request_uri_not_supported",
    "registration": "registration_not_supported",
}

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRequest:
    """The parameters as sent; nothing in them is believed yet."""

    values: Mapping[str, tuple[str, ...]]

    @classmethod
    def parse(cls, query: bytes) -> "AuthorizationRequest":
        """Read a query string.

        Raises:
            UntrustedRequest: it is not ASCII, or holds bytes that are no UTF-8, or too many parameters.
        """
        try:
            pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=64)
        except (UnicodeDecodeError, ValueError) as error:
            raise UntrustedRequest("readable_request", "invalid_request", "the query string is malformed") from error
        values: dict[str, tuple[str, ...]] = {}
        for name, value in pairs:
            values[name] = (*values.get(name, ()), value)
        return cls(values=values)

    def query(self) -> str:
        """Write the parameters as a query string, each as often as it was sent."""
        return urlencode([(name, value) for name, found in self.values.items() for value in found])

    def get(self, name: str) -> str | None:
        """Give the one value of a parameter; None when it is absent, empty or repeated."""
        found = self.values.get(name, ())
        return found[0] or None if len(found) == 1 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """A request of which relying party and redirect URI are proven."""

    party: RelyingParty
    reply_to: ReplyTo
    request: AuthorizationRequest

    def refused(self, rule: str, code: str, description: str) -> RequestRefused:
        """Make the refusal that the relying party may read."""
        return RequestRefused(rule, code, description, reply_to=self.reply_to)


def known_relying_party(request: AuthorizationRequest, parties: RelyingParties) -> RelyingParty:
    """The ``client_id`` must be sent once and be registered (VPM-DRV-17)."""
    party = parties.oidc_client(request.get("client_id") or "")
    if party is None:
        raise UntrustedRequest("known_relying_party", "invalid_client", "client_id is missing or not registered")
    return party


def pushed_where_required(party: RelyingParty, *, pushed: bool) -> None:
    """With the profile ``fapi2`` nothing that a browser brings is believed (FAPI 2.0, 5.3.2.2)."""
    if not pushed and party.client.profile is Profile.FAPI2:
        raise UntrustedRequest(
            "pushed_where_required",
            "invalid_request",
            "this relying party is registered to push its requests (RFC 9126)",
        )


def registered_redirect_uri(request: AuthorizationRequest, party: RelyingParty) -> str:
    """The redirect URI must equal a registered one, character for character (T05, RFC 9700 2.1)."""
    uri = request.get("redirect_uri")
    if uri is None or uri not in party.client.redirect_uris:
        raise UntrustedRequest(
            "registered_redirect_uri",
            "invalid_request",
            "redirect_uri is missing or is not one of those registered, compared character for character",
        )
    return uri


# --- from here on an error may be sent to the redirect URI ---


def no_parameter_twice(proven: Proven) -> None:
    """A parameter sent twice could mean one thing here and another elsewhere (RFC 6749 3.1)."""
    for name, found in proven.request.values.items():
        if len(found) > 1:
            raise proven.refused("no_parameter_twice", "invalid_request", f"{_shown(name)} was sent more than once")


def nothing_passed_by_reference(proven: Proven) -> None:
    """Request objects and fetched request URIs are not supported in this profile (T12: nothing is fetched)."""
    for name, code in _UNSUPPORTED.items():
        if name in proven.request.values:
            raise proven.refused("nothing_passed_by_reference", code, f"{name} is not supported")


def supported_response_type(proven: Proven) -> None:
    """Only the authorization code flow exists here."""
    if proven.request.get("response_type") != "code":
        raise proven.refused("supported_response_type", "unsupported_response_type", "response_type must be code")


def supported_response_mode(proven: Proven) -> None:
    """The answer comes in the query of the redirect URI, signed where that is registered."""
    modes = SIGNED_MODES if proven.party.client.signed_responses else frozenset()
    if proven.request.get("response_mode") not in {None, "query", *modes}:
        raise proven.refused(
            "supported_response_mode",
            "invalid_request",
            f"response_mode must be {' or '.join(['query', *sorted(modes)])}",
        )


def pkce_present(proven: Proven) -> None:
    """PKCE with S256 is required of every relying party, confidential ones included (T02)."""
    challenge = proven.request.get("code_challenge")
    if challenge is None or not _CHALLENGE.fullmatch(challenge):
        raise proven.refused("pkce_present", "invalid_request", "code_challenge is missing or not 43 base64url letters")
    if proven.request.get("code_challenge_method") != "S256":
        raise proven.refused("pkce_present", "invalid_request", "code_challenge_method must be S256")


def bound_key_well_formed(proven: Proven) -> None:
    """A code can be bound to a key beforehand, where tokens will be (RFC 9449 10)."""
    key = proven.request.values.get("dpop_jkt")
    if key is None:
        return
    if proven.party.client.sender_constraint is not SenderConstraint.DPOP or not _CHALLENGE.fullmatch(key[0]):
        raise proven.refused(
            "bound_key_well_formed", "invalid_request", "dpop_jkt needs DPoP registered, and 43 base64url letters"
        )


def known_scopes(proven: Proven) -> None:
    """``openid`` must be asked for, and nothing that is not on offer to this relying party."""
    scopes = (proven.request.get("scope") or "").split(" ")
    offered = SCOPES if proven.party.claims else {"openid"}
    if "openid" not in scopes or not offered.issuperset(scopes):
        raise proven.refused(
            "known_scopes", "invalid_scope", f"scope must hold openid, and otherwise only {_others(offered)}"
        )


def _others(offered: Iterable[str]) -> str:
    return ", ".join(sorted(set(offered) - {"openid"})) or "nothing"


def sane_state_and_nonce(proven: Proven) -> None:
    """State and nonce are printable ASCII of bounded length; no other private limits apply."""
    for name, limit in (("state", MAX_STATE), ("nonce", MAX_NONCE)):
        value = proven.request.get(name) or ""
        if len(value) > limit or not _PRINTABLE.fullmatch(value):
            raise proven.refused(
                "sane_state_and_nonce", "invalid_request", f"{name} must be at most {limit} printable ASCII characters"
            )


def possible_prompt(proven: Proven) -> None:
    """``prompt=none`` can be answered from a session alone, and a session needs a group (OIDC Core 3.1.2.1)."""
    prompts = _read(proven, "possible_prompt", parse_prompt, "prompt")
    if Prompt.NONE in prompts and proven.party.group is None:
        raise proven.refused(
            "possible_prompt", "login_required", "every login here asks the person; prompt=none cannot succeed"
        )


def sane_max_age(proven: Proven) -> None:
    """``max_age`` is a number of seconds."""
    _read(proven, "sane_max_age", parse_max_age, "max_age")


def readable_claims(proven: Proven) -> None:
    """``claims`` is what OIDC Core 5.5 says; what is unknown in it is ignored."""
    _read(proven, "readable_claims", parse_claims, "claims")


def assurance_we_can_offer(proven: Proven) -> None:
    """``acr_values`` are levels that exist, and so is one of the values of an essential ``acr`` (5.5.1.1)."""
    for value in (proven.request.get("acr_values") or "").split():
        if value not in _LEVELS:
            raise proven.refused("assurance_we_can_offer", "invalid_request", "acr_values must be eIDAS level URIs")
    if parse_claims(proven.request.get("claims")).level_out_of_reach:
        raise proven.refused(
            "assurance_we_can_offer",
            "unmet_authentication_requirements",
            "the essential acr holds no eIDAS level URI",
        )


CHECKS: Final[Sequence[Callable[[Proven], None]]] = (
    no_parameter_twice,
    nothing_passed_by_reference,
    supported_response_type,
    supported_response_mode,
    pkce_present,
    bound_key_well_formed,
    known_scopes,
    sane_state_and_nonce,
    possible_prompt,
    sane_max_age,
    readable_claims,
    assurance_we_can_offer,
)


def verify_request(request: AuthorizationRequest, parties: RelyingParties, *, pushed: bool = False) -> Question:
    """Check an authorization request and put it into the broker's words.

    Args:
        request: the parameters, from the browser or as they were pushed.
        parties: who may ask.
        pushed: whether the relying party's server sent them itself.

    Raises:
        UntrustedRequest: relying party or redirect URI are not proven.
        RequestRefused: any other rule is broken.
    """
    party = known_relying_party(request, parties)
    pushed_where_required(party, pushed=pushed)
    uri = registered_redirect_uri(request, party)
    proven = Proven(
        party=party,
        reply_to=_reply_to(party, uri, request),
        request=request,
    )
    for check in CHECKS:
        check(proven)
    return _question(proven)


def language_of(tags: str | None) -> Language:
    """Pick the first language of ``ui_locales`` that the pages have; Latvian when there is none."""
    for tag in (tags or "").split(" "):
        for language in Language:
            if tag.lower().split("-")[0] == language.value:
                return language
    return Language.LATVIAN


def _question(proven: Proven) -> Question:
    request = proven.request
    kept = ("redirect_uri", "state", "nonce", "code_challenge", "scope", "dpop_jkt", "response_mode")
    provider = request.get("provider")
    claims = parse_claims(request.get("claims"))
    registered = proven.party.claims
    return Question(
        relying_party=proven.party.id,
        language=language_of(request.get("ui_locales")),
        minimum_assurance=_minimum_assurance(proven, claims),
        reply=tuple((name, value) for name in kept if (value := request.get(name)) is not None),
        preselected=ProviderId(provider) if provider else hinted_provider(request.get("login_hint")),
        prompt=parse_prompt(request.get("prompt")),
        max_age=parse_max_age(request.get("max_age")),
        wanted=Wanted(id_token=claims.id_token & registered, userinfo=claims.userinfo & registered),
    )


def _minimum_assurance(proven: Proven, claims: ClaimsRequest) -> AssuranceLevel:
    """Read the weakest level that is accepted, never below what the relying party is registered for.

    A level accepts what is stronger; of ``acr_values`` and of an asked ``acr`` each must be satisfied.
    """
    asked = [_LEVELS[value] for value in (proven.request.get("acr_values") or "").split()]
    weakest = [min(levels) for levels in (asked, claims.levels) if levels]
    return max([proven.party.minimum_assurance, *weakest])


def _read(proven: Proven, rule: str, parse: Callable[[str | None], T], name: str) -> T:
    try:
        return parse(proven.request.get(name))
    except ValueError as error:
        raise proven.refused(rule, "invalid_request", str(error)) from error


def _reply_to(party: RelyingParty, uri: str, request: AuthorizationRequest) -> ReplyTo:
    signed = party.client.signed_responses and request.get("response_mode") in SIGNED_MODES
    return ReplyTo(relying_party=party.id, redirect_uri=uri, state=_echoed_state(request), signed=signed)


def _echoed_state(request: AuthorizationRequest) -> str | None:
    state = request.get("state")
    return state if state and len(state) <= MAX_STATE and _PRINTABLE.fullmatch(state) else None


def _shown(name: str) -> str:
    return name if re.fullmatch(r"[a-z_]{1,40}", name, re.ASCII) else "a parameter"
