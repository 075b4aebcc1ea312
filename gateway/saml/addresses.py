"""The gateway's own names and addresses in SAML, from settings alone (T61)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SamlAddresses:
    """Where relying parties' messages arrive."""

    issuer: str
    """``https://host[:port]``, no path."""

    @property
    def entity_id(self) -> str:
        """The gateway's entity id; its metadata stands at this very address."""
        return f"{self.issuer}/saml/metadata"

    @property
    def sign_on(self) -> str:
        """Where the browser brings an AuthnRequest, by either binding."""
        return f"{self.issuer}/saml/sso"

    @property
    def logout(self) -> str:
        """Where the browser brings a LogoutRequest or a LogoutResponse, by either binding."""
        return f"{self.issuer}/saml/logout"
