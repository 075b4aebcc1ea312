"""What a browser may bring as a SAML provider's Response (S5)."""

from contextlib import suppress
from typing import Final

from lxml import etree

from providers.saml.errors import SamlRefused
from providers.saml.response import verify_response
from tests.support.saml_idp import IdentityProvider, sealed
from tests.support.saml_portal import ec_key

_IDP: Final = IdentityProvider(key=ec_key("foreign-idp"))
_EXPECTED: Final = _IDP.expected()


def saml_response(data: bytes) -> None:
    """A response as it is, and an assertion that was encrypted to us."""
    with suppress(SamlRefused):
        verify_response(data, _EXPECTED)
    response = _IDP.response()
    response.replace(response[-1], sealed(data or b" "))  # nothing cannot be encrypted
    with suppress(SamlRefused):
        verify_response(etree.tostring(response), _EXPECTED)


RESPONSES: Final = (
    etree.tostring(_IDP.signed()),
    etree.tostring(_IDP.encrypted()),
    etree.tostring(_IDP.signed(what="assertion")[-1], with_tail=False),
)
"""Seeds."""
