"""What a browser may bring as a SAML provider's Response (S5)."""

from contextlib import suppress
from typing import Final

from lxml import etree

from providers.errors import ProviderError
from tests.support.saml_idp import IdentityProvider, sealed
from tests.support.saml_portal import ec_key

_IDP: Final = IdentityProvider(key=ec_key("foreign-idp"))


def saml_response(data: bytes) -> None:
    """A response as it is, and an assertion that was encrypted to us."""
    with suppress(ProviderError):
        _IDP.verify(data)
    response = _IDP.response()
    response.replace(response[-1], sealed(data or b" "))  # nothing cannot be encrypted
    with suppress(ProviderError):
        _IDP.verify(etree.tostring(response))


RESPONSES: Final = (
    etree.tostring(_IDP.signed()),
    etree.tostring(_IDP.encrypted()),
    etree.tostring(_IDP.signed(what="assertion")[-1], with_tail=False),
)
"""Seeds."""
