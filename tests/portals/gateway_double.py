"""A small OpenID provider on two real TLS ports, strict about what it is asked and lax on demand about what it answers.

The public port serves discovery, keys, authorization and logout; the other one asks for a client certificate and
redeems codes. ``Misbehaviour`` says what to answer wrongly; everything asked of it is kept for tests to look at.
"""

import base64
import hashlib
import json
import secrets
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey

from tests.portals.pki import Authority

CLIENT_ID = "auctions"
PERSON = {"given_name": "Anna", "family_name": "Bērziņa", "personal_code": "010117-12345"}
Answer = tuple[int, dict[str, str], bytes]


@dataclass
class Misbehaviour:
    """What the gateway does wrongly; nothing by default."""

    answer: dict[str, str | None] = field(default_factory=dict)
    """Parameters of the authorization response to replace, or with None to leave out."""
    claims: dict[str, Any] = field(default_factory=dict)
    """Claims to replace, or with None to leave out."""
    header: dict[str, str | None] = field(default_factory=dict)
    sign: Callable[[dict[str, Any], dict[str, Any]], str] | None = None
    """Makes the ID token from header and claims instead of the gateway."""
    token_answer: Answer | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    metadata_answer: Answer | None = None


def json_answer(status: int, document: Any) -> Answer:
    return status, {"Content-Type": "application/json"}, json.dumps(document).encode()


class GatewayDouble:
    """The provider; ``person`` is who signs in next."""

    def __init__(self, authority: Authority) -> None:
        self.key = ECKey.generate_key("P-256", {"kid": "gateway-1", "use": "sig", "alg": "ES256"})
        self.person: dict[str, Any] = dict(PERSON)
        self.subject: str | None = None
        self.wrong = Misbehaviour()
        self.codes: dict[str, dict[str, str]] = {}
        self.assertions: list[tuple[dict[str, Any], dict[str, Any]]] = []
        self.fetched: list[str] = []
        self.logouts: list[dict[str, str]] = []
        self.client_key: ECKey | None = None
        certificate, key = authority.issue("gateway")
        self._public = _listen(self, certificate, key, client_ca=None)
        self._mutual = _listen(self, certificate, key, client_ca=authority.ca_file)
        self.issuer = f"https://localhost:{self._public.server_address[1]}"
        self.mutual = f"https://localhost:{self._mutual.server_address[1]}"

    def close(self) -> None:
        for server in (self._public, self._mutual):
            server.shutdown()
            server.server_close()

    def behave(self) -> None:
        """Forget every misbehaviour, person and count of an earlier test."""
        self.person, self.subject, self.wrong = dict(PERSON), None, Misbehaviour()
        self.codes.clear()
        self.assertions.clear()
        self.fetched.clear()
        self.logouts.clear()

    def metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/oidc/authorize",
            "token_endpoint": f"{self.mutual}/oidc/token",
            "jwks_uri": f"{self.issuer}/oidc/jwks",
            "end_session_endpoint": f"{self.issuer}/oidc/logout",
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
        } | self.wrong.metadata

    def authorize(self, question: dict[str, str]) -> str:
        """The redirect back to the relying party, for a well-formed question; the person is signed in at once."""
        assert question["response_type"] == "code"
        assert question["code_challenge_method"] == "S256"
        assert question["scope"] == "openid identity"
        code = secrets.token_urlsafe(32)
        self.codes[code] = question
        answer = {"code": code, "state": question["state"], "iss": self.issuer} | self.wrong.answer
        brought = {name: value for name, value in answer.items() if value is not None}
        return f"{question['redirect_uri']}?{urlencode(brought)}"

    def redeem(self, asked: dict[str, str]) -> Answer:
        """The token endpoint: one code, once, for whoever knows the verifier and proves to be the client."""
        self._check_assertion(asked)
        question = self.codes.pop(asked["code"], None)
        if self.wrong.token_answer:
            return self.wrong.token_answer
        if question is None or not _verifier_fits(asked, question) or asked["redirect_uri"] != question["redirect_uri"]:
            return json_answer(400, {"error": "invalid_grant"})
        access_token = secrets.token_urlsafe(32)
        token = self.id_token(question["nonce"])
        return json_answer(
            200, {"access_token": access_token, "token_type": "Bearer", "expires_in": 300, "id_token": token}
        )

    def id_token(self, nonce: str) -> str:
        now = int(time.time())
        code = str(self.person.get("personal_code"))
        claims = {
            "iss": self.issuer,
            "sub": self.subject or hashlib.sha256(b"auctions|" + code.encode()).hexdigest(),
            "aud": CLIENT_ID,
            "exp": now + 300,
            "iat": now,
            "auth_time": now - 5,
            "nonce": nonce,
            "acr": "http://eidas.europa.eu/LoA/substantial",
            "amr": ["mfa"],
            "provider": "mock-bank",
        }
        claims = _without_none(claims | self.person | self.wrong.claims)
        header = _without_none({"alg": "ES256", "kid": "gateway-1", "typ": "JWT"} | self.wrong.header)
        if self.wrong.sign:
            return self.wrong.sign(header, claims)
        return jwt.encode(header, claims, self.key, algorithms=["ES256"])

    def _check_assertion(self, asked: dict[str, str]) -> None:
        assert self.client_key is not None
        assert asked["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        token = jwt.decode(asked["client_assertion"], self.client_key, algorithms=["ES256"])
        self.assertions.append((token.header, token.claims))

    def answer(self, method: str, target: str, body: bytes) -> Answer:
        address = urlsplit(target)
        self.fetched.append(address.path)
        match method, address.path:
            case "GET", "/.well-known/openid-configuration":
                return self.wrong.metadata_answer or json_answer(200, self.metadata())
            case "GET", "/oidc/jwks":
                return json_answer(200, {"keys": [self.key.as_dict(private=False)]})
            case "GET", "/oidc/authorize":
                return 303, {"Location": self.authorize(dict(parse_qsl(address.query)))}, b""
            case "POST", "/oidc/token":
                return self.redeem(dict(parse_qsl(body.decode())))
            case "GET", "/oidc/logout":
                asked = dict(parse_qsl(address.query))
                self.logouts.append(asked)
                back = f"{asked['post_logout_redirect_uri']}?{urlencode({'state': asked['state']})}"
                return 303, {"Location": back}, b""
            case _:
                return 404, {}, b""


def _without_none(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _verifier_fits(asked: dict[str, str], question: dict[str, str]) -> bool:
    digest = hashlib.sha256(asked["code_verifier"].encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == question["code_challenge"]


def _listen(double: GatewayDouble, certificate: Path, key: Path, *, client_ca: Path | None) -> ThreadingHTTPServer:
    class Requests(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def respond(self) -> None:
            if client_ca is None and self.path.startswith("/oidc/token"):
                self.send_error(404)
                return
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, headers, content = double.answer(self.command, self.path, body)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = respond  # noqa: N815  the names the library looks for
        do_POST = respond  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the library's own name
            """Say nothing on the test's output."""

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    if client_ca is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(client_ca)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Requests)
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    return server
