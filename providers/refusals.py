"""Every reason for which a provider's message is refused, in one table.

The sentences are for the developer at the bank: they say what was expected and hold nothing of the message itself.
Codes of the front channel are those of banklink.md section 8 and eid-providers.md section 4.3; those of the VPM back
channel are ours.
"""

from enum import StrEnum


class Reason(StrEnum):
    """Why a message was refused; goes to the audit record and to the provider's developer, never to a person."""

    MALFORMED = "malformed"
    UNEXPECTED_SERVICE = "unexpected_service"
    UNEXPECTED_VERSION = "unexpected_version"
    WRONG_SENDER = "wrong_sender"
    WRONG_RECIPIENT = "wrong_recipient"
    BAD_SIGNATURE = "bad_signature"
    STALE = "stale"
    UNKNOWN_NONCE = "unknown_nonce"
    EXPIRED = "expired"
    WRONG_BROWSER = "wrong_browser"
    IDENTITY_INCOMPLETE = "identity_incomplete"
    IDENTITY_MISMATCH = "identity_mismatch"
    TOKEN_REFUSED = "token_refused"  # noqa: S105 - the name of a refusal
    CANCELLED = "cancelled"
    TIMEOUT = "timeout"
    WRONG_CODE_CHOSEN = "wrong_code_chosen"
    NO_ACCOUNT = "no_account"
    ACCOUNT_UNUSABLE = "account_unusable"
    DEVICE_PROBLEM = "device_problem"
    PROVIDER_BUSY = "provider_busy"
    NOT_TRUSTED = "not_trusted"
    REPLAYED = "replayed"
    CERT_EXPIRED = "cert_expired"
    CERT_REVOKED = "cert_revoked"
    CERT_PURPOSE = "cert_purpose"
    CERT_POLICY = "cert_policy"
    REVOCATION_UNAVAILABLE = "revocation_unavailable"
    LOA_INSUFFICIENT = "loa_insufficient"
    CONFIRMATION_MISSING = "confirmation_missing"
    CONFIRMATION_UNAVAILABLE = "confirmation_unavailable"
    CONFIRMATION_BAD_SIGNATURE = "confirmation_bad_signature"
    CONFIRMATION_MALFORMED = "confirmation_malformed"
    CONFIRMATION_OTHER_LOGIN = "confirmation_other_login"
    CONFIRMATION_WRONG_SENDER = "confirmation_wrong_sender"
    CONFIRMATION_WRONG_RECIPIENT = "confirmation_wrong_recipient"
    CONFIRMATION_WRONG_INTERFACE = "confirmation_wrong_interface"
    CONFIRMATION_EXPIRED = "confirmation_expired"
    CONFIRMATION_STALE = "confirmation_stale"
    ONE_FACTOR = "one_factor"
    PROVIDER_REFUSED_US = "provider_refused_us"
    STATUS_UNAVAILABLE = "status_unavailable"
    JOURNAL_UNAVAILABLE = "journal_unavailable"
    JOURNAL_REFUSED = "journal_refused"
    SHA1_EXCEPTION_ENDED = "sha1_exception_ended"
    BAD_RETURN_ADDRESS = "bad_return_address"
    MISCONFIGURED = "misconfigured"


SENTENCES: dict[Reason, str] = {
    Reason.MALFORMED: "The answer must be one form POST in the agreed charset, each parameter once, none over its length.",
    Reason.UNEXPECTED_SERVICE: "VK_SERVICE must be the answer that belongs to the agreed request.",
    Reason.UNEXPECTED_VERSION: "VK_VERSION must be the version in the agreement; no other is tried.",
    Reason.WRONG_SENDER: "VK_SND_ID must be the bank's id in the agreement, letter for letter.",
    Reason.WRONG_RECIPIENT: "VK_REC_ID must be the gateway's id at the bank, letter for letter.",
    Reason.BAD_SIGNATURE: "VK_MAC must verify over the fields in order with a bank key that is current.",
    Reason.STALE: "VK_DATETIME must be ISO 8601 with seconds and zone, and within the agreed minutes of the present.",
    Reason.UNKNOWN_NONCE: "The nonce (or VK_RID, or browser) must be that of a login begun here and still open.",
    Reason.EXPIRED: "The answer must come while the login lives.",
    Reason.WRONG_BROWSER: "The answer must come through the browser that was sent to the bank.",
    Reason.IDENTITY_INCOMPLETE: "Given name, family name and personal code must each be there, each by itself and well-formed.",
    Reason.IDENTITY_MISMATCH: "The answer through the browser and the confirmation must be about the same person.",
    Reason.TOKEN_REFUSED: "The means in VK_TOKEN is not one that the agreement allows.",
    Reason.CANCELLED: "The person refused or gave up at the provider.",
    Reason.TIMEOUT: "The person must answer while the provider and the login wait.",
    Reason.WRONG_CODE_CHOSEN: "The person must pick the control code that our page shows.",
    Reason.NO_ACCOUNT: "The provider must know the person or document that was asked about.",
    Reason.ACCOUNT_UNUSABLE: "The person's means must be neither blocked, expired nor suspended.",
    Reason.DEVICE_PROBLEM: "The person's device must be reachable and able to show what is asked.",
    Reason.PROVIDER_BUSY: "The provider must answer within the deadline, whole, and not with a failure of its own.",
    Reason.NOT_TRUSTED: "Chain, issuer, audience, recipient and key must be those of the agreement.",
    Reason.REPLAYED: "Each answer counts once.",
    Reason.CERT_EXPIRED: "The person's certificate must be within its validity.",
    Reason.CERT_REVOKED: "The person's certificate must be known to its issuer as good.",
    Reason.CERT_PURPOSE: "The person's certificate must be made for authentication and not for signing.",
    Reason.CERT_POLICY: "The person's certificate must state a policy that is accepted for this means.",
    Reason.REVOCATION_UNAVAILABLE: "A fresh answer of the issuer about revocation must be at hand.",
    Reason.LOA_INSUFFICIENT: "The level stated must reach the level that was asked for.",
    Reason.CONFIRMATION_MISSING: "GET /vpm/v1/authentications/{nonce} must know every nonce that was answered.",
    Reason.CONFIRMATION_UNAVAILABLE: "The confirmation must come over mutual TLS, whole, within the deadline, without a redirect.",
    Reason.CONFIRMATION_BAD_SIGNATURE: "The confirmation must be a compact JWS that verifies with the registered key of its kid.",
    Reason.CONFIRMATION_MALFORMED: "The confirmation must hold every agreed member, once, with the agreed type.",
    Reason.CONFIRMATION_OTHER_LOGIN: "authentication_id must be the nonce that was asked about.",
    Reason.CONFIRMATION_WRONG_SENDER: "iss must be the bank's id in the agreement.",
    Reason.CONFIRMATION_WRONG_RECIPIENT: "aud must be the gateway's id at the bank, as one string.",
    Reason.CONFIRMATION_WRONG_INTERFACE: "interface must name the protocol through which the person came.",
    Reason.CONFIRMATION_EXPIRED: "iat must be now, and exp in the future and at most 300 seconds after iat.",
    Reason.CONFIRMATION_STALE: "authenticated_at must lie between the question and the present.",
    Reason.ONE_FACTOR: "factors must name two different kinds of knowledge, possession and inherence.",
    Reason.PROVIDER_REFUSED_US: "The gateway's client certificate must be registered at the bank.",
    Reason.STATUS_UNAVAILABLE: "GET /vpm/v1/status must answer over mutual TLS with the agreed JSON.",
    Reason.JOURNAL_UNAVAILABLE: "GET /vpm/v1/journal must answer over mutual TLS within the deadline.",
    Reason.JOURNAL_REFUSED: "The journal must be a JWS signed with a registered key, by the bank, for us, about the asked time.",
    Reason.SHA1_EXCEPTION_ENDED: "The dated exception that allowed SHA-1 has ended; agree on version 009.",
    Reason.BAD_RETURN_ADDRESS: "The return address must be https, without a query and at most 60 characters long.",
    Reason.MISCONFIGURED: "The provider's settings here do not allow a login.",
}
"""What was expected, one sentence for each reason."""
