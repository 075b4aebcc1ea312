"""What can be wrong with a relying party's SAML message, by the name of the check that refuses it.

The relying party reads the check's own sentence where an answer may be sent; the descriptions here are for whoever has
only the name.
"""

from collections.abc import Mapping
from typing import Final

from gateway.web import person_texts as texts
from gateway.web.message import Concern, Mender, Message, OAuthError, say

_INVALID: Final = OAuthError.INVALID_REQUEST


def _mistake(description: str, operator: str, error: OAuthError = _INVALID) -> Message:
    return say(texts.PORTAL_MISTAKE, error, Mender.RELYING_PARTY, Concern.ROUTINE, description, operator)


def _attack(description: str, operator: str) -> Message:
    """No library of a portal sends such a thing by itself."""
    return say(texts.PORTAL_MISTAKE, _INVALID, Mender.RELYING_PARTY, Concern.SECURITY, description, operator)


_UNSAFE: Final = "No SAML library writes such a document by itself: likely an attempt to have two readers disagree."
_FORGED: Final = "The signature does not vouch for the message: another key, a changed message, or a forgery."

SAML_REQUESTS: Final[Mapping[str, Message]] = {
    "readable_message": _mistake(
        "the SAML message could not be read", "The query or form is not as the binding writes it."
    ),
    "sane_relay_state": _mistake(
        "RelayState is too long or holds controls", "RelayState is beyond 2048 bytes or holds control characters."
    ),
    "bounded_size": _attack("the message is larger than 256 KiB", "A message is too large, raw or inflated."),
    "utf8_only": _attack("the message is not UTF-8", _UNSAFE),
    "well_formed": _mistake("the message is not well-formed XML", "A message is no well-formed XML."),
    "no_processing_instruction": _attack("processing instructions are refused", _UNSAFE),
    "no_comment": _attack("comments are refused", _UNSAFE),
    "no_cdata": _attack("CDATA sections are refused", _UNSAFE),
    "no_doctype": _attack("document types are refused", _UNSAFE),
    "absolute_namespaces": _attack("namespaces must be absolute URIs", _UNSAFE),
    "bounded_depth": _attack("elements are nested too deeply", _UNSAFE),
    "unique_ids": _attack("an identifier occurs twice", _UNSAFE),
    "one_assertion": _attack("there must be at most one assertion", _UNSAFE),
    "no_object": _attack("ds:Object is refused", _UNSAFE),
    "signature_in_place": _attack("a signature stands where none belongs", _UNSAFE),
    "one_signature": _attack("there is more than one signature", _UNSAFE),
    "plain_signature": _attack("the signature has parts that it needs not", _UNSAFE),
    "one_reference": _attack("the signature must hold one Reference", _UNSAFE),
    "plain_reference": _attack("the Reference has parts that it needs not", _UNSAFE),
    "reference_to_parent": _attack("the signature must refer to the element it stands in", _UNSAFE),
    "allowed_transforms": _mistake(
        "only enveloped-signature and exclusive c14n are allowed", "The portal's library uses other transforms."
    ),
    "allowed_digest": _mistake("the digest must be SHA-256 or stronger", "The portal's library still uses SHA-1."),
    "allowed_algorithm": _mistake(
        "the signature algorithm is not that of the registered key",
        "The portal signs with SHA-1, or with a key of another kind than its registered metadata holds.",
    ),
    "signed": _mistake("the message must be signed", "The portal sends messages without a signature."),
    "authentic": _attack("the signature is not by a registered key", _FORGED),
    "digest_of_what_is_read": _attack("the signature covers something else", _FORGED),
    "expected_message": _mistake("another message is expected here", "A message came to an address for another kind."),
    "known_service_provider": _mistake(
        "Issuer is not registered",
        "Somebody asks who is not registered; often a portal whose entity id changed.",
        OAuthError.INVALID_CLIENT,
    ),
    "metadata_in_time": _mistake(
        "the registered metadata has expired", "The pinned metadata of the portal has expired; register it anew."
    ),
    "one_issuer": _mistake("there must be one Issuer, an entity id", "The message does not say who sent it."),
    "plain_text": _attack("an element holds something else than text", _UNSAFE),
    "request_id": _mistake("ID is missing or malformed", "The message has no proper ID."),
    "request_issue_instant": _mistake("IssueInstant must be UTC with Z", "The message does not say when it was made."),
    "version_two": _mistake("Version must be 2.0", "The message is of another version of SAML."),
    "destination_is_ours": _mistake(
        "Destination must be the address the message is sent to",
        "The message is meant for another address: old metadata of ours at the portal, or a relayed message.",
    ),
    "issued_just_now": _mistake(
        "IssueInstant must be within the last five minutes", "The portal's clock is wrong, or the message was kept."
    ),
    "registered_consumer": _attack(
        "the assertion consumer service is not registered",
        "The address of the answer is not in the registered metadata: a changed portal, or an attempt to have "
        "assertions sent elsewhere.",
    ),
    "asks_the_person": _mistake(
        "every login asks the person", "The portal asks for a login without a person.", OAuthError.LOGIN_REQUIRED
    ),
    "names_nobody": _mistake("Subject is not supported", "The portal says who shall sign in."),
    "possible_name_id": _mistake("the NameID is persistent", "The portal asks for another kind of NameID."),
    "context_we_can_offer": _mistake(
        "RequestedAuthnContext must name eIDAS level URIs",
        "The portal asks for authentication contexts that do not exist here.",
        OAuthError.UNMET_AUTHENTICATION_REQUIREMENTS,
    ),
    "one_name_id": _mistake("there must be one NameID", "A LogoutRequest does not say who signs out."),
    "one_status": _mistake("there must be one Status", "A LogoutResponse does not say what came of it."),
    "one_status_code": _mistake("there must be one StatusCode", "A LogoutResponse does not say what came of it."),
    "round_under_way": _mistake(
        "no sign-out of this browser waits for an answer",
        "A LogoutResponse came late, into another browser, or without a LogoutRequest of ours.",
    ),
    "answers_our_request": _attack(
        "InResponseTo is no request that was sent to you",
        "A portal answers a LogoutRequest that it was not sent: a mistake of its library, or an attempt to end "
        "a sign-out early.",
    ),
    "request_not_on_or_after": _mistake("NotOnOrAfter is over", "A LogoutRequest came too late."),
    "registered_logout": _mistake(
        "the metadata has no SingleLogoutService",
        "The portal signs people out, but registered no address for the answer.",
    ),
}
