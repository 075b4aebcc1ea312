"""A partner that asks by SAML, for these tests, and what it can see of the bank for each fault.

It reads with lxml and cryptography alone; IDs, which are made anew each time, are left out of what it sees.
"""

import base64
import hashlib
import http.server
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl, quote_plus, urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from werkzeug.test import TestResponse

from tests.mock_bank.partner import answer_in
from tests.mock_bank.world import NONCES, World
from tests.support.xml_signing import DS, canonical, raw_signature, sign

A: Final = "{urn:oasis:names:tc:SAML:2.0:assertion}"
P: Final = "{urn:oasis:names:tc:SAML:2.0:protocol}"
X: Final = "{http://www.w3.org/2001/04/xmlenc#}"
BANK: Final = "https://bank.example/saml/metadata"
SIGN_ON: Final = "https://bank.example/saml/sso"
ARTIFACT_URL: Final = "https://bank.example:8444/saml/artifact"
ENTITY: Final = "https://gw.example/saml/sp"
CONSUMER: Final = "https://gw.example/return/demobank-saml"
RELAY: Final = "re/lay+state"
BANK_KEY: Final = rsa.generate_private_key(65537, 2048)
KEY: Final = rsa.generate_private_key(65537, 2048)
ENCRYPTION_KEY: Final = rsa.generate_private_key(65537, 2048)
Scenario = Callable[[World], object]


def request(world: World, identifier: str = f"_{NONCES[0]}", inside: str = "", **changes: str | None) -> Any:
    """An AuthnRequest that is not signed yet."""
    attributes: dict[str, str | None] = {
        "ID": identifier, "Version": "2.0", "IssueInstant": world.clock().strftime("%Y-%m-%dT%H:%M:%SZ"),
        "Destination": SIGN_ON, "AssertionConsumerServiceURL": CONSUMER,
        "ProtocolBinding": "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST",
    }  # fmt: skip
    given = {name: value for name, value in (attributes | changes).items() if value is not None}
    text = "".join(f' {name}="{value}"' for name, value in given.items())
    return etree.fromstring(
        f'<samlp:AuthnRequest xmlns:samlp="{P[1:-1]}" xmlns:saml="{A[1:-1]}"{text}><saml:Issuer>{ENTITY}</saml:Issuer>'
        f"{inside}</samlp:AuthnRequest>"
    )


def by_query(world: World, xml: Any, key: rsa.RSAPrivateKey | None = KEY, hashed: str = "sha256") -> TestResponse:
    """Bring a request as a query, signed beside the message unless there is no key."""
    packer = zlib.compressobj(wbits=-15)
    packed = packer.compress(etree.tostring(xml)) + packer.flush()
    algorithm = f"{DS}rsa-sha1" if hashed == "sha1" else f"http://www.w3.org/2001/04/xmldsig-more#rsa-{hashed}"
    pairs = [("SAMLRequest", base64.b64encode(packed).decode()), ("RelayState", RELAY)]
    pairs += [("SigAlg", algorithm)] if key else []
    query = "&".join(f"{name}={quote_plus(value)}" for name, value in pairs)
    if key:
        query += f"&Signature={quote_plus(base64.b64encode(raw_signature(key, query.encode(), algorithm)).decode())}"
    return world.browser.get(f"/saml/sso?{query}")


def by_form(world: World, xml: Any) -> TestResponse:
    """Bring a request as a form, as it is."""
    raw = xml if isinstance(xml, bytes) else etree.tostring(xml)
    return world.browser.post("/saml/sso", data={"SAMLRequest": base64.b64encode(raw).decode(), "RelayState": RELAY})


def agreed(world: World, person: str = "100001", **changes: Any) -> TestResponse:
    """The whole way by query, until the person has agreed."""
    begun = by_query(world, request(world, **changes))
    assert begun.status_code == 303, begun.text
    login = begun.headers["Location"]
    world.password(login, person)
    world.post(f"{login}/code", code=world.code(login))
    return world.post(f"{login}/consent", decision="agree")


def seen(page: TestResponse) -> object:
    """What the partner sees of the page that ends a login."""
    assert page.status_code == 200, page.text
    if 'id="answer"' not in page.text:
        return "no answer"
    form = answer_in(page.text)
    read = response_seen(base64.b64decode(form.fields["SAMLResponse"]))
    return form.action, form.fields.get("RelayState"), read


def response_seen(raw: bytes) -> object:
    root = etree.fromstring(raw)
    assertions = [_opened(one) for one in root if one.tag in {f"{A}Assertion", f"{A}EncryptedAssertion"}]
    every = [one for tree in (root, *assertions) for one in tree.iter(etree.Element)]
    ids = [one.get(name) for one in every for name in ("ID", "Id") if one.get(name)]
    return {
        "doctype": raw.startswith(b"<!"),
        "attributes": _but_ids(root.attrib),
        "status": [code.get("Value") for code in root.iter(f"{P}StatusCode")],
        "message": root.findtext(f"{P}Status/{P}StatusMessage"),
        "signed": signature_seen(root),
        "encrypted": [one.get("Algorithm") for one in root.iter(f"{X}EncryptionMethod")],
        "unique": len(set(ids)) == len(ids),
        "assertions": [_assertion_seen(one) for one in assertions],
    }


def _assertion_seen(assertion: Any) -> object:
    parts = [(one.tag, _but_ids(one.attrib), (one.text or "").strip()) for one in assertion.iter(etree.Element)]
    shown = [part for part in parts if not part[0].startswith(f"{{{DS}}}") and not part[0].endswith("}NameID")]
    return signature_seen(assertion), len(list(assertion.iter(etree.Comment))), shown


def _but_ids(attributes: Any) -> dict[str, str]:
    return {name: value for name, value in attributes.items() if name not in {"ID", "SessionIndex"}}


def signature_seen(element: Any) -> object:
    """Its algorithm, and whether the bank's key made it over this element; None without one."""
    signature = element.find(f"{{{DS}}}Signature")
    if signature is None:
        return None
    info = signature.find(f"{{{DS}}}SignedInfo")
    method = info.find(f"{{{DS}}}SignatureMethod").get("Algorithm")
    bare = deepcopy(element)
    bare.remove(bare.find(f"{{{DS}}}Signature"))
    sha1 = method.endswith("sha1")
    digest = (hashlib.sha1 if sha1 else hashlib.sha256)(canonical(bare)).digest()
    value = base64.b64decode(signature.findtext(f"{{{DS}}}SignatureValue"))
    try:
        hashed = hashes.SHA1() if sha1 else hashes.SHA256()
        BANK_KEY.public_key().verify(value, canonical(info), padding.PKCS1v15(), hashed)
    except InvalidSignature:
        return method, False
    return method, base64.b64decode(info.findtext(f".//{{{DS}}}DigestValue")) == digest


def _opened(assertion: Any) -> Any:
    if assertion.tag == f"{A}Assertion":
        return etree.fromstring(etree.tostring(assertion, with_tail=False))
    wrapped, content = (base64.b64decode(one.text) for one in assertion.iter(f"{X}CipherValue"))
    oaep = padding.OAEP(mgf=padding.MGF1(hashes.SHA1()), algorithm=hashes.SHA1(), label=None)
    secret = ENCRYPTION_KEY.decrypt(wrapped, oaep)
    if "cbc" in next(assertion.iter(f"{X}EncryptionMethod")).get("Algorithm"):
        opener = Cipher(algorithms.AES256(secret), modes.CBC(content[:16])).decryptor()
        padded = opener.update(content[16:]) + opener.finalize()
        return etree.fromstring(padded[: -padded[-1]])
    return etree.fromstring(AESGCM(secret).decrypt(content[:12], content[12:], None))


def the_response(world: World) -> object:
    return seen(agreed(world))


def the_metadata(world: World) -> object:
    root = etree.fromstring(world.browser.get("/saml/metadata").data)
    return root.get("entityID"), signature_seen(root)


# --- artifacts ---


def resolve(world: World, artifact: str, key: rsa.RSAPrivateKey = KEY) -> TestResponse:
    """Ask for the response of an artifact, as the partner's server does."""
    now = world.clock().strftime("%Y-%m-%dT%H:%M:%SZ")
    call = etree.fromstring(
        f'<samlp:ArtifactResolve xmlns:samlp="{P[1:-1]}" xmlns:saml="{A[1:-1]}" ID="_call" Version="2.0" IssueInstant="{now}" '
        f'Destination="{ARTIFACT_URL}"><saml:Issuer>{ENTITY}</saml:Issuer><samlp:Artifact>{artifact}</samlp:Artifact>'
        "</samlp:ArtifactResolve>"
    )
    body = etree.tostring(sign(call, key)).decode()
    soap = "http://schemas.xmlsoap.org/soap/envelope/"
    envelope = f'<s:Envelope xmlns:s="{soap}"><s:Body>{body}</s:Body></s:Envelope>'
    return world.back_channel.post("/saml/artifact", data=envelope, content_type="text/xml")


def artifact_of(page: TestResponse) -> dict[str, str]:
    """What the browser takes back in place of a response."""
    assert page.status_code == 303
    parts = urlsplit(page.headers["Location"])
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == CONSUMER
    return dict(parse_qsl(parts.query))


def fetched(answer: TestResponse) -> object:
    if answer.status_code != 200:
        return answer.status_code
    found = etree.fromstring(answer.data).find(f".//{P}ArtifactResponse")
    assert found.get("InResponseTo") == "_call"
    inner = found.find(f"{P}Response")
    return None if inner is None else response_seen(etree.tostring(inner, with_tail=False))


BY_ARTIFACT: Final = {"ProtocolBinding": "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact"}


def by_artifact(world: World) -> object:
    return fetched(resolve(world, artifact_of(agreed(world, **BY_ARTIFACT))["SAMLart"]))


# --- hostile requests ---


def accepted(make: Callable[[World], TestResponse]) -> Scenario:
    return lambda world: make(world).status_code


def unsigned(world: World) -> TestResponse:
    return by_query(world, request(world), key=None)


def tampered(world: World) -> TestResponse:
    signed = sign(request(world), KEY)
    signed.set("IsPassive", "false")
    return by_form(world, signed)


def by_a_stranger(world: World) -> TestResponse:
    stranger = rsa.generate_private_key(65537, 2048)
    der = base64.b64encode(container(stranger).public_bytes(Encoding.DER)).decode()
    info = etree.fromstring(
        f'<ds:KeyInfo xmlns:ds="{DS}"><ds:X509Data><ds:X509Certificate>{der}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>'
    )
    return by_form(world, sign(request(world), stranger, key_info=info))


def with_sha1(world: World) -> TestResponse:
    return by_query(world, request(world), hashed="sha1")


def to_another_consumer(world: World) -> TestResponse:
    return by_query(world, request(world, AssertionConsumerServiceURL="https://evil.example/acs"))


def wrapped(place: str, evil_id: str) -> Callable[[World], TestResponse]:
    """A forged request outside, the signed one in the given place of it."""

    def make(world: World) -> TestResponse:
        signed = sign(request(world), KEY)
        evil = request(world, identifier=evil_id)
        signature = deepcopy(signed.find(f"{{{DS}}}Signature"))
        if place == "object":
            signed.remove(signed.find(f"{{{DS}}}Signature"))
            etree.SubElement(signature, f"{{{DS}}}Object").append(signed)
            evil.insert(1, signature)
        else:
            extensions = etree.SubElement(evil, f"{P}Extensions")
            extensions.append(signed)
        return by_form(world, evil)

    return make


def with_doctype(subset: str) -> Callable[[World], TestResponse]:
    """A request whose Issuer stands in an entity; its signature covers what the entity stands for."""

    def make(world: World) -> TestResponse:
        text = etree.tostring(sign(request(world), KEY)).decode()
        return by_form(world, f"<!DOCTYPE r [{subset}]>{text.replace(ENTITY, '&who;', 1)}".encode())

    return make


@contextmanager
def canary() -> Iterator[tuple[str, list[str]]]:
    """A listener that nobody has reason to call, and the paths that were asked of it."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            body = f'<!ENTITY who "{ENTITY}">'.encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)


def an_external_dtd(world: World) -> object:
    with canary() as (address, asked):
        text = etree.tostring(sign(request(world), KEY)).decode()
        by_form(world, f'<!DOCTYPE r SYSTEM "{address}/x.dtd">{text}'.encode())
        return asked


def a_stack_trace(world: World) -> object:
    return "Traceback" in unsigned(world).text


def two_at_a_time(world: World) -> object:
    return [seen(agreed(world, identifier=f"_{nonce}")) for nonce in NONCES]


def container(key: rsa.RSAPrivateKey) -> x509.Certificate:
    """A certificate around a key."""
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "made up for tests")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    dated = (
        builder.serial_number(1).not_valid_before(now - timedelta(days=400)).not_valid_after(now + timedelta(days=400))
    )
    return dated.sign(key, hashes.SHA256())


_OF_THE_RESPONSE: Final = (
    "no-response", "unsigned-assertion", "foreign-key", "sha1", "dup-id", "two-assertions", "wrong-issuer",
    "wrong-destination", "no-inresponseto", "wrong-recipient", "long-confirmation", "no-conditions", "wrong-audience",
    "old-authninstant", "comment-in-value", "doctype", "enc-cbc", "relaystate-drop", "error-with-assertion",
    "no-encryption", "unsigned", "busy", "refuses-us", "unknown-person", "unknown-status",
)  # fmt: skip

SCENARIOS: dict[str, Scenario] = {
    **{f"sam.{name}": the_response for name in _OF_THE_RESPONSE},
    "sam.metadata-entityid": the_metadata,
    "sam.metadata-unsigned": the_metadata,
    "sam.artifact-lost": by_artifact,
    "sam.artifact-500": by_artifact,
    "sam.accept-unsigned-request": accepted(unsigned),
    "sam.no-request-verify": accepted(tampered),
    "sam.accept-any-key": accepted(by_a_stranger),
    "sam.accept-sha1-request": accepted(with_sha1),
    "sam.open-acs": accepted(to_another_consumer),
    "sam.xsw-object": accepted(wrapped("object", "_evil")),
    "sam.xsw-extensions": accepted(wrapped("extensions", "_evil")),
    "sam.xsw-dup-id": accepted(wrapped("extensions", f"_{NONCES[0]}")),
    "sam.xxe-internal": accepted(with_doctype(f'<!ENTITY who "{ENTITY}">')),
    "sam.xxe-external": an_external_dtd,
}


def cancelled_after_the_password(world: World) -> object:
    login = by_query(world, request(world)).headers["Location"]
    world.password(login)
    page = world.post(f"{login}/cancel")
    return seen(page) if page.status_code == 200 else "stays"


SHARED: dict[str, Scenario] = {
    "err.stack-trace": a_stack_trace,
    "err.parallel-mixup": two_at_a_time,
    **{
        f"err.cancel-{name}": cancelled_after_the_password
        for name in ("dead-end", "success", "leaks-person", "unsigned")
    },
    **dict.fromkeys(("mfa.no-acr", "mfa.low-acr", "att.duplicate-attr", "att.empty-surname"), the_response),
}
"""Faults that other protocols have as well."""
