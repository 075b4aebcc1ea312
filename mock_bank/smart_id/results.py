"""The result of a session: the app signs, or the person does not want to; honest, or with a named fault."""

import secrets
from base64 import b64encode
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.x509.oid import ExtendedKeyUsageOID

from mock_bank.faults import ActiveFaults
from mock_bank.personas import Persona
from mock_bank.smart_id import wire
from mock_bank.smart_id.people import ADVANCED, SIGN_IN, Held, People, Shape, key_of
from mock_bank.smart_id.sessions import Session

ALGORITHMS: Final = {
    "SHA-256": hashes.SHA256(),
    "SHA-384": hashes.SHA384(),
    "SHA-512": hashes.SHA512(),
    "SHA3-256": hashes.SHA3_256(),
    "SHA3-384": hashes.SHA3_384(),
    "SHA3-512": hashes.SHA3_512(),
    "SHA256": hashes.SHA256(),
    "SHA384": hashes.SHA384(),
    "SHA512": hashes.SHA512(),
}
MISTAKES: Final[dict[str, Shape]] = {
    "eid.accept-signing-cert": Shape(bits=("content_commitment",)),
    "eid.ignore-expiry": Shape(begins=timedelta(days=-9), ends=timedelta(days=-1)),
    "eid.ignore-notbefore": Shape(begins=timedelta(days=1)),
    "eid.accept-unknown-ca": Shape(issuer="stranger"),
    "eid.accept-bad-path": Shape(issuer="person"),
    "eid.ignore-policy": Shape(policies=("1.3.6.1.4.1.10015.3.17.2",)),
    "eid.ignore-eku": Shape(purposes=(ExtendedKeyUsageOID.SERVER_AUTH,)),
    "eid.pno-not-stripped": Shape(code="{code}"),
    "eid.split-cn": Shape(joined_name=True),
    "eid.ignore-country": Shape(code="PNOEE-{code}"),
    "eid.first-serial": Shape(twice=True),
    "mfa.low-acr": Shape(level="ADVANCED"),
    "mfa.silent-downgrade": Shape(policies=ADVANCED),
}
"""Certificates that an honest service would never give out, by the fault that lets them through."""
OLDER: Final = Shape(
    bits=("digital_signature", "key_encipherment", "data_encipherment"), purposes=(ExtendedKeyUsageOID.CLIENT_AUTH,)
)
"""As certificates looked before the scheme had a purpose of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What a result is made from."""

    session: Session
    person: Persona
    before: Session | None
    """The session before this one."""
    scheme: str
    faults: ActiveFaults


def ended(result: str, *, interaction: str | None = None) -> dict[str, Any]:
    """A session that ended without a signature."""
    details = {"details": {"interaction": interaction}} if interaction else {}
    return {"state": "COMPLETE", "result": {"endResult": result, **details}}


def signed(moment: Moment, people: People) -> dict[str, Any]:
    """A session that the person approved."""
    held = people.certificate_of(moment.person, _shape(moment))
    return (_signed_v2 if moment.session.asked.version == 2 else _signed_v3)(moment, held)


def _shape(moment: Moment) -> Shape:
    for fault, shape in MISTAKES.items():
        if fault in moment.faults:
            return shape
    return OLDER if moment.session.asked.version == 2 else Shape(purposes=(SIGN_IN,))


def _frame(moment: Moment, held: Held) -> dict[str, Any]:
    level = "ADVANCED" if "mfa.low-acr" in moment.faults else "QUALIFIED"
    certificate = {"value": b64encode(held.der).decode(), "certificateLevel": level}
    if "mfa.no-acr" in moment.faults:
        del certificate["certificateLevel"]
    number = f"PNOLV-{moment.person.personal_code}-MOCK-Q"
    return {
        "state": "COMPLETE",
        "result": {"endResult": "OK", "documentNumber": number},
        "cert": certificate,
        "ignoredProperties": [],
    }


def _signed_v3(moment: Moment, held: Held) -> dict[str, Any]:
    session, faults = moment.session, moment.faults
    random, challenge = b64encode(secrets.token_bytes(18)).decode(), wire.user_challenge(session.verifier)
    flow = "Notification" if "sid.other-flow" in faults else session.flow
    used = "verificationCodeChoice" if "sid.other-interaction" in faults else session.used
    text = wire.signed_text(
        _scheme(moment), _question(moment), server_random=random, user_challenge=challenge, used=used, flow=flow
    )
    hashed = "SHA-256" if "sid.other-hash" in faults else session.asked.hash
    value = _pss(_key(moment, held), text.encode(), hashed)
    if "sid.changed-after-signing" in faults:
        random = b64encode(secrets.token_bytes(18)).decode()
    mask = {"algorithm": "id-mgf1", "parameters": {"hashAlgorithm": hashed}}
    salt = ALGORITHMS[hashed].digest_size
    stated = {"hashAlgorithm": hashed, "maskGenAlgorithm": mask, "saltLength": salt, "trailerField": "0xbc"}
    signature = {
        "value": b64encode(value).decode(),
        "serverRandom": random,
        "userChallenge": challenge,
        "flowType": flow,
        "signatureAlgorithm": "rsassa-pss",
        "signatureAlgorithmParameters": stated,
    }
    return _frame(moment, held) | {
        "signatureProtocol": "ACSP_V2",
        "signature": signature,
        "interactionTypeUsed": used,
    }


def _signed_v2(moment: Moment, held: Held) -> dict[str, Any]:
    asked = _question(moment)
    scheme, algorithm = padding.PKCS1v15(), Prehashed(ALGORITHMS[asked.hash])
    value = _key(moment, held).sign(wire.octets(asked.challenge), scheme, algorithm)
    signature = {"value": b64encode(value).decode(), "algorithm": f"{asked.hash.lower()}WithRSAEncryption"}
    return _frame(moment, held) | {"signature": signature, "interactionFlowUsed": moment.session.used}


def _pss(key: rsa.RSAPrivateKey, text: bytes, hashed: str) -> bytes:
    algorithm = ALGORITHMS[hashed]
    return key.sign(text, padding.PSS(mgf=padding.MGF1(algorithm), salt_length=algorithm.digest_size), algorithm)


def _scheme(moment: Moment) -> str:
    return f"{moment.scheme}-elsewhere" if "eid.ignore-origin" in moment.faults else moment.scheme


def _question(moment: Moment) -> wire.Asked:
    """What is signed: this session's question, unless a fault takes the one before."""
    asked = moment.session.asked
    if moment.before is not None and moment.faults.any_of("eid.nonce-reuse", "eid.nonce-any-session"):
        return replace(asked, challenge=moment.before.asked.challenge)
    return asked


def _key(moment: Moment, held: Held) -> rsa.RSAPrivateKey:
    if "eid.no-signature-check" in moment.faults:
        return key_of("nobody")
    return held.key
