"""``/oidc/token`` and ``/oidc/userinfo`` on the mutual-TLS port: code for tokens, token for the person's claims."""

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask import Blueprint, Response, jsonify, request
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from mock_bank.bank import Bank
from mock_bank.faults import ActiveFaults
from mock_bank.keys import KnownPartner
from mock_bank.oidc_faults import bent_id_token
from mock_bank.oidc_grants import TOKEN_LIFETIME, GrantRefused
from mock_bank.settings import OidcServer
from mock_bank.wire_oidc import Grant, id_token_claims, person_claims

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LONGEST_ASSERTION: Final = 300
"""Seconds of life."""
SKEW: Final = 60
Asking = Callable[[Bank], KnownPartner]


class ClientRefused(ValueError):
    """A client that is not who it says (``invalid_client``)."""


def oidc_pages(bank: Bank, asking: Asking) -> Blueprint:
    """The endpoints; ``asking`` gives the partner whose certificate the connection was made with, or stops the request."""
    pages = Blueprint("oidc", __name__, url_prefix="/oidc")
    server = bank.settings.oidc

    @pages.post("/token")
    def token() -> Response:
        if server is None:
            return _error("unsupported_grant_type", HTTPStatus.NOT_FOUND)
        faults = bank.faults_for()
        try:
            client = _client(bank, server, asking, faults)
            grant, access_token = _redeemed(bank, client, faults)
        except ClientRefused as error:
            return _error("invalid_client", HTTPStatus.UNAUTHORIZED, str(error))
        except GrantRefused as error:
            return _error("invalid_grant", HTTPStatus.BAD_REQUEST, str(error))
        return _granted(bank, server, grant, access_token)

    @pages.get("/userinfo")
    def userinfo() -> Response:
        asking(bank)
        scheme, _, presented = request.headers.get("Authorization", "").partition(" ")
        grant = bank.grants.by_token(presented) if scheme.lower() == "bearer" else None
        if grant is None:
            return _error("invalid_token", HTTPStatus.UNAUTHORIZED)
        claims = person_claims(grant)
        if "oid.userinfo-sub-mismatch" in bank.faults_for() | grant.authentication.faults:
            claims["sub"] = "0" * 40
        return jsonify(claims)

    return pages


def _error(code: str, status: HTTPStatus, description: str = "") -> Response:
    told = {"error": code} | ({"error_description": description} if description else {})
    response = jsonify(told)
    response.status_code = status
    return response


def _client(bank: Bank, server: OidcServer, asking: Asking, faults: ActiveFaults) -> KnownPartner:
    """Who asks: by certificate, or by a certificate and a signed assertion."""
    named = bank.keys.partners.get(request.form.get("client_id", ""))
    if named is None or named.settings.oidc is None:
        raise ClientRefused("client_id is no registered client")
    if "oid.no-client-auth" in faults:
        return named
    if named.settings.oidc.authentication == "private_key_jwt":
        _check_assertion(bank, server, named, faults)
    elif asking(bank).id != named.id:
        raise ClientRefused("the certificate is another client's")
    return named


def _check_assertion(bank: Bank, server: OidcServer, client: KnownPartner, faults: ActiveFaults) -> None:
    """RFC 7523 section 3: signed by the client's key, about and by the client, for us, once, and not for long."""
    form = request.form
    if form.get("client_assertion_type") != ASSERTION_TYPE or client.assertion_key is None:
        raise ClientRefused("a client assertion is asked for")
    pem = client.assertion_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    try:
        signed = jws.deserialize_compact(form.get("client_assertion", ""), ECKey.import_key(pem), algorithms=["ES256"])
        claims = json.loads(signed.payload or b"")
    except (JoseError, ValueError) as error:
        raise ClientRefused("the assertion's signature does not verify") from error
    if "oid.assertion-unchecked" in faults:
        return
    accepted = (server.issuer, f"{server.mutual_tls_url}/oidc/token")
    now = int(bank.clock().timestamp())
    if (claims.get("iss"), claims.get("sub")) != (client.id, client.id) or claims.get("aud") not in accepted:
        raise ClientRefused("the assertion is by, about or for somebody else")
    if not isinstance(claims.get("exp"), int) or not now - SKEW < claims["exp"] <= now + LONGEST_ASSERTION + SKEW:
        raise ClientRefused("the assertion has no end, has ended, or ends too late")
    if not bank.assertion_ids.spend(str(claims.get("jti", "")), claims["exp"]):
        raise ClientRefused("the assertion was used before")


def _redeemed(bank: Bank, client: KnownPartner, faults: ActiveFaults) -> tuple[Grant, str]:
    form = request.form
    if form.get("grant_type") != "authorization_code":
        raise GrantRefused("grant_type must be authorization_code")
    return bank.grants.redeem(
        form.get("code", ""), client.id, form.get("redirect_uri", ""), form.get("code_verifier"), faults
    )


def _granted(bank: Bank, server: OidcServer, grant: Grant, access_token: str) -> Response:
    now, key = int(bank.clock().timestamp()), bank.keys.oidc
    if key is None:
        raise RuntimeError("an OpenID Connect provider without its key")
    claims: dict[str, Any] = id_token_claims(grant, server.issuer, access_token, now)
    faults = bank.faults_for() | grant.authentication.faults
    response = jsonify(
        access_token=access_token,
        token_type="Bearer",  # noqa: S106 -- the name of a kind of token
        expires_in=TOKEN_LIFETIME,
        id_token=bent_id_token(claims, key, server.kid, faults),
    )
    response.headers["Pragma"] = "no-cache"
    return response
