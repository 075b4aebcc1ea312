"""The auction portal's part of a scripted login: its keys, its token requests, and what it believes of the answers."""

import json
import secrets
import ssl
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from joserfc import jws
from joserfc.jwk import ECKey

from gateway.demo.places import PARTY, Places
from portals.id_token import Expectation, VerifiedIdentity, verify_id_token
from tests.support.https_line import Line

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class RelyingParty:
    """What every driver of one place shares: keys and TLS contexts, parsed once."""

    def __init__(self, places: Places) -> None:
        """Read the auction portal's own files."""
        self.places = places
        issued = places.pki / "issued" / "auctions-client"
        self.browser_tls = browser_context(places.root_certificate)
        self.portal_tls = browser_context(places.root_certificate)
        self.portal_tls.load_cert_chain(issued / "certificate.pem", issued / "key.pem")
        self.key = ECKey.import_key((places.root / "auctions" / "assertion.key").read_bytes(), {"kid": "auctions-1"})
        """Signs assertions; may be replaced at any time."""
        self.redirect_uri = f"{places.auctions}/callback"

    def token_form(self, code: str, verifier: str) -> bytes:
        """Make a token request with an assertion of its own."""
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "client_id": PARTY,
            "code_verifier": verifier,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": self._assertion(),
        }
        return urlencode(fields).encode()

    def verify(self, answer: Mapping[str, Any], nonce: str) -> VerifiedIdentity:
        """Believe a token answer; raises ``IdTokenRejected`` for the first reason not to."""
        expected = Expectation(
            issuer=self.places.issuer,
            client_id=PARTY,
            nonce=nonce,
            access_token=answer["access_token"],
            now=datetime.now(UTC),
        )
        return verify_id_token(answer["id_token"], find_key=self._keys.__getitem__, expected=expected)

    @cached_property
    def _keys(self) -> dict[str, ECKey]:
        line = Line(self.places.issuer, self.browser_tls)
        try:
            published = json.loads(line.get("/oidc/jwks").body)["keys"]
        finally:
            line.close()
        return {key["kid"]: ECKey.import_key(key) for key in published}

    def _assertion(self) -> str:
        now = int(time.time())
        claims = {"iss": PARTY, "sub": PARTY, "aud": self.places.issuer, "iat": now, "exp": now + 60}
        payload = json.dumps(claims | {"jti": secrets.token_urlsafe(16)})
        key = self.key
        return jws.serialize_compact({"alg": "ES256", "kid": str(key.kid)}, payload, key, algorithms=["ES256"])


def browser_context(trusted: Path) -> ssl.SSLContext:
    """Trust one root and nobody else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(trusted)
    return context
