"""What can be wrong with a relying party's request, by the name of the check that refuses it.

The relying party reads the check's own sentence where one was raised (``gateway.oidc.errors``); the descriptions here
are for whoever has only the name.
"""

from collections.abc import Mapping
from typing import Final

from gateway.web import person_texts as texts
from gateway.web.message import Concern, Mender, Message, OAuthError, say

_INVALID: Final = OAuthError.INVALID_REQUEST


def _mistake(error: OAuthError, description: str, operator: str, mender: Mender = Mender.RELYING_PARTY) -> Message:
    return say(texts.PORTAL_MISTAKE, error, mender, Concern.ROUTINE, description, operator)


REQUESTS: Final[Mapping[str, Message]] = {
    "readable_request": _mistake(
        _INVALID, "the request could not be read", "The query or form is no ASCII, no UTF-8 or has too many parameters."
    ),
    "known_relying_party": _mistake(
        OAuthError.INVALID_CLIENT,
        "client_id is missing or not registered",
        "Somebody asks who is not registered; many of these are a portal's deployment with a wrong client_id.",
    ),
    "registered_redirect_uri": say(
        texts.PORTAL_MISTAKE,
        _INVALID,
        Mender.RELYING_PARTY,
        Concern.SECURITY,
        "redirect_uri is not one of those registered",
        "The address of the reply is not registered, character for character: a changed portal, or an attempt to "
        "have codes sent elsewhere.",
    ),
    "pushed_where_required": _mistake(
        _INVALID,
        "this relying party is registered to push its requests",
        "A portal registered with the profile fapi2 sent its question by the browser; its library must be told to push.",
    ),
    "known_request_uri": _mistake(
        OAuthError.INVALID_REQUEST_URI,
        "request_uri is unknown, used up or too old",
        "The person came with a pushed request that is older than a minute or was used, perhaps by the Back button; "
        "many of these at once hint at somebody else's request being tried.",
    ),
    "bound_key_well_formed": _mistake(
        _INVALID,
        "dpop_jkt needs DPoP registered, and 43 base64url letters",
        "The portal wants a code bound to a key, which is malformed or for which it is not registered.",
    ),
    "no_parameter_twice": _mistake(_INVALID, "a parameter was sent more than once", "A parameter was sent twice."),
    "nothing_passed_by_reference": _mistake(
        OAuthError.REQUEST_NOT_SUPPORTED,
        "request objects are not supported",
        "The portal sends request, request_uri or registration; its library must be told not to.",
    ),
    "supported_response_type": _mistake(
        OAuthError.UNSUPPORTED_RESPONSE_TYPE,
        "response_type must be code",
        "The portal asks for another flow than code.",
    ),
    "supported_response_mode": _mistake(
        _INVALID,
        "response_mode must be query, or one that is registered",
        "The portal asks for the answer in another place than the query.",
    ),
    "pkce_present": _mistake(
        _INVALID, "PKCE with S256 is required", "code_challenge is missing or malformed, or its method is not S256."
    ),
    "known_scopes": _mistake(
        OAuthError.INVALID_SCOPE,
        "scope must hold openid, and otherwise only identity",
        "The portal asks for unknown scopes.",
    ),
    "sane_state_and_nonce": _mistake(
        _INVALID, "state or nonce is too long or not printable ASCII", "State or nonce are beyond the agreed limits."
    ),
    "possible_prompt": _mistake(
        OAuthError.LOGIN_REQUIRED, "every login asks the person", "The portal asks for a login without a person."
    ),
    "sane_max_age": _mistake(
        _INVALID, "max_age must be whole seconds", "The portal asks for an age that is no number."
    ),
    "readable_claims": _mistake(
        _INVALID, "claims must be a JSON object as in OIDC Core 5.5", "The portal's claims parameter cannot be read."
    ),
    "assurance_we_can_offer": _mistake(
        _INVALID, "acr_values must be eIDAS level URIs", "The portal asks for levels that do not exist."
    ),
    "same_relying_party": _mistake(
        _INVALID, "client_id is not the ID token's audience", "A sign-out request mixes two relying parties."
    ),
    "id_token_hint_is_ours": _mistake(
        _INVALID, "id_token_hint is missing or not ours", "A sign-out request carries no ID token that we signed."
    ),
    "registered_post_logout_redirect_uri": _mistake(
        _INVALID, "post_logout_redirect_uri is not registered", "The address after sign-out is not registered."
    ),
}
