"""Single logout by the front channel (SAML 2.0 Core 3.7): a relying party says that the person signs out.

Without a group each login is a fresh one, so there is no session here to end; what remains is to prove who asks, to
record it once, and to answer at a registered address. The session of a group ends with it, and the others are told.
"""

from datetime import datetime

from gateway.broker.front_door import BrowserAnswer, PostForm, Redirect
from gateway.broker.relying_party import RelyingParties
from gateway.saml.errors import UntrustedSamlRequest
from gateway.saml.messages import Messages
from gateway.saml.sender import SKEW, Signed, verify_sender
from providers.saml.bindings import Carried, post_fields, redirect_query
from providers.saml.errors import SamlRefused
from providers.saml.names import REDIRECT, saml, samlp
from providers.saml.reading import instant_of, only_child, text_of
from providers.saml.xml_keys import SigningKey


def verify_logout_request(carried: Carried, parties: RelyingParties, destination: str, now: datetime) -> Signed:
    """Check a LogoutRequest.

    Raises:
        UntrustedSamlRequest: it is not proven, late, names nobody, or there is no registered address to answer at.
    """
    signed = verify_sender(carried, samlp("LogoutRequest"), parties, destination, now)
    try:
        subject_of(signed)
        _in_time(signed, now)
    except SamlRefused as refused:
        raise UntrustedSamlRequest(refused.rule, refused.detail, relying_party=signed.party.id) from refused
    if not signed.provider.logout:
        raise UntrustedSamlRequest(
            "registered_logout", "the registered metadata has no SingleLogoutService", relying_party=signed.party.id
        )
    return signed


def subject_of(signed: Signed) -> str:
    """Read whom a LogoutRequest names: the pairwise subject that the relying party was told.

    Raises:
        SamlRefused: it names nobody, or two.
    """
    return text_of(only_child(signed.root, saml("NameID"), "one_name_id"))


def _in_time(signed: Signed, now: datetime) -> None:
    ends = signed.root.get("NotOnOrAfter")
    if ends is not None and instant_of(ends, "request_not_on_or_after") <= now - SKEW:
        raise SamlRefused("request_not_on_or_after", "NotOnOrAfter is over")


def logout_answer(signed: Signed, messages: Messages, key: SigningKey, now: datetime) -> BrowserAnswer:
    """Make the signed LogoutResponse, by the binding that the relying party's metadata prefers."""
    endpoint = signed.provider.logout[0]
    by_redirect = endpoint.binding == REDIRECT
    address = endpoint.for_responses
    xml = messages.logout_response(address, signed.id, now, signed=not by_redirect)
    if not by_redirect:
        return PostForm(action=address, fields=post_fields("SAMLResponse", xml, signed.relay_state))
    query = redirect_query("SAMLResponse", xml, signed.relay_state, key)
    return Redirect(location=f"{address}{'&' if '?' in address else '?'}{query}")
