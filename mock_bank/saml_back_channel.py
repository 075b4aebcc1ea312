"""``/saml/artifact`` on the mutual-TLS port: a ticket is exchanged for its response, once (SAML 2.0 Bindings 3.6)."""

from http import HTTPStatus
from typing import Any, Final

from flask import Response, abort

from mock_bank import wire_saml as wire
from mock_bank.bank import Bank
from mock_bank.keys import KnownPartner
from mock_bank.saml_idp import KnownServiceProvider, SamlIdp

_RESOLVE: Final = f"{{{wire.P}}}ArtifactResolve"


def resolved(bank: Bank, partner: KnownPartner, body: bytes) -> Response:
    """Answer an ArtifactResolve that a partner's server posted.

    Stops the request with 404 where the bank is no identity provider, and with 400 for anything that is no signed
    ArtifactResolve of that partner.
    """
    if bank.saml is None:
        abort(HTTPStatus.NOT_FOUND)
    if "sam.artifact-500" in bank.faults_for():
        abort(HTTPStatus.INTERNAL_SERVER_ERROR)
    try:
        asked = _asked(body, bank.saml, partner)
    except wire.Malformed as error:
        abort(HTTPStatus.BAD_REQUEST, str(error))
    artifact = (asked.findtext(f"{{{wire.P}}}Artifact") or "").strip()
    lost = "sam.artifact-lost" in bank.faults_for()
    response = None if lost else bank.saml.artifacts.take(artifact, partner.id)
    return Response(_answer(bank, bank.saml, asked.get("ID"), response or ""), mimetype="text/xml")


def _asked(body: bytes, idp: SamlIdp, partner: KnownPartner) -> Any:
    found = wire.parsed(body).findall(f"{{{wire.SOAP}}}Body/{_RESOLVE}")
    if len(found) != 1:
        raise wire.Malformed("the body holds no ArtifactResolve")
    provider = _sender(found[0], idp)
    if provider.settings.partner != partner.id:
        raise wire.Malformed("the certificate is another partner's")
    signed = wire.signed_part(wire.alone(found[0]), provider.signing)
    if signed.tag != _RESOLVE or signed.get("Destination") != idp.settings.artifact_url:
        raise wire.Malformed("the call is not addressed to this address")
    return signed


def _sender(call: Any, idp: SamlIdp) -> KnownServiceProvider:
    known = idp.service_providers.get((call.findtext(f"{{{wire.A}}}Issuer") or "").strip())
    if known is None:
        raise wire.Malformed("Issuer is no registered service provider")
    return known


def _answer(bank: Bank, idp: SamlIdp, in_response_to: str, response: str) -> str:
    status = wire.element("samlp:StatusCode", {"Value": f"{wire.STATUS}Success"})
    answer = wire.element(
        "samlp:ArtifactResponse",
        {
            "xmlns:samlp": wire.P, "xmlns:saml": wire.A, "ID": wire.new_id(), "Version": "2.0",
            "IssueInstant": wire.written(bank.clock()), "InResponseTo": in_response_to,
        },
        f"{wire.text('saml:Issuer', idp.settings.entity_id)}<samlp:Status>{status}</samlp:Status>{response}",
    )  # fmt: skip
    return f'<soap:Envelope xmlns:soap="{wire.SOAP}"><soap:Body>{answer}</soap:Body></soap:Envelope>'
