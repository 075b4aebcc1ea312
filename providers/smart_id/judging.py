"""The checks of a result, in their order (eid-providers.md 10.8); the first that fails ends the login.

Whether the certificate is revoked is asked last but one, and whom it names is read last: both after the proof that the
person holds its key, so that nobody is called and nothing is believed for a message that anybody may have made.
"""

from dataclasses import replace
from datetime import datetime
from typing import NoReturn

from cryptography import x509

from providers.contract import AssuranceLevel, BackChannelExchange, Factor, VerifiedIdentity
from providers.eid_certificates.judge import CertificateJudge, TrustedCertificate, VouchedPerson
from providers.errors import AssertionRejected, ProviderError
from providers.refusals import SENTENCES, Reason
from providers.smart_id.callback import Callback, check_verifier
from providers.smart_id.certificate import check_level, check_purpose, level_of
from providers.smart_id.interactions import FOR_DEVICE_LINKS, FOR_NOTIFICATIONS
from providers.smart_id.memory import Memory
from providers.smart_id.payload import SignedTerms, acsp_v2_payload
from providers.smart_id.profile import SmartIdSettings
from providers.smart_id.result import CertificateLevel, ResultV3, StatedCertificate, parse_v2, parse_v3
from providers.smart_id.signature import verify_digest, verify_pss

MEANS = "smart-id"
INTERFACE = "smart-id"
FACTORS = frozenset({Factor.POSSESSION, Factor.KNOWLEDGE})
"""The person's telephone and its PIN."""


class Judge:
    """Judges results under one agreement; threads may share it."""

    def __init__(self, settings: SmartIdSettings, certificates: CertificateJudge) -> None:
        """Keep what was opened."""
        self._settings = settings
        self._profile = settings.smart_id
        self._certificates = certificates

    def verify(
        self,
        body: bytes,
        memory: Memory,
        brought: Callback | None,
        received_at: datetime,
        exchanges: tuple[BackChannelExchange, ...],
    ) -> VerifiedIdentity:
        """The person that a session identified.

        Args:
            body: the session as the service gave it.
            memory: of this login.
            brought: what the browser brought back, where the app is on the same device.
            received_at: UTC, aware; the time of the authentication, for nothing that is signed holds one.
            exchanges: the calls made so far.

        Raises:
            ProviderError: with these calls and those about revocation.
        """
        try:
            level, trusted = self._proven(body, memory, brought)
            vouched = self._certificates.vouch(trusted)
            self._check_person(vouched, memory)
        except ProviderError as error:
            error.exchanges = (*exchanges, *error.exchanges)
            raise
        return self._identity(level, vouched, (*exchanges, *vouched.exchanges), received_at)

    def _proven(
        self, body: bytes, memory: Memory, brought: Callback | None
    ) -> tuple[CertificateLevel, TrustedCertificate]:
        """Steps 1 to 8 and 10: the person's key signed our challenge, and a certificate of the scheme says whose it is."""
        if self._profile.api == "v2":
            second = parse_v2(body)  # step 2
            level, trusted = self._certified(second.certificate)
            verify_digest(second, trusted.certificate.public_key(), memory.octets)  # step 10
            return level, trusted
        result = parse_v3(body)  # step 2
        if brought is not None:
            check_verifier(brought, result.user_challenge)  # step 1, its last part
        check_flow(result, memory)  # step 3
        check_interaction(result, memory)  # step 4
        level, trusted = self._certified(result.certificate)
        verify_pss(result, trusted.certificate.public_key(), self._signed(result, memory))  # step 10
        return level, trusted

    def _certified(self, stated: StatedCertificate) -> tuple[CertificateLevel, TrustedCertificate]:
        trusted = self._certificates.trust(stated.der)  # step 5
        certificate: x509.Certificate = trusted.certificate
        level = level_of(certificate, of_tests=self._settings.environment == "test")  # step 6
        check_purpose(certificate)  # step 7
        check_level(stated, level, self._profile.certificate_level)  # step 8
        return level, trusted

    def _signed(self, result: ResultV3, memory: Memory) -> bytes:
        assert memory.flow is not None  # noqa: S101 - check_flow has seen to it
        return acsp_v2_payload(
            SignedTerms(
                scheme_name=self._profile.scheme_name,
                server_random=result.server_random,
                rp_challenge=memory.challenge,
                user_challenge=result.user_challenge,
                relying_party_name=self._profile.relying_party_name,
                interactions=memory.interactions,
                interaction_used=result.interaction_used,
                callback_url=memory.callback,
                flow=memory.flow,
            )
        )

    def _check_person(self, vouched: VouchedPerson, memory: Memory) -> None:
        """Step 9: whoever was named beforehand, and nobody else."""
        if memory.person and vouched.person.personal_code.key != memory.person:
            raise AssertionRejected(
                Reason.IDENTITY_MISMATCH, SENTENCES[Reason.IDENTITY_MISMATCH], exchanges=vouched.exchanges
            )

    def _identity(
        self,
        level: CertificateLevel,
        vouched: VouchedPerson,
        exchanges: tuple[BackChannelExchange, ...],
        received_at: datetime,
    ) -> VerifiedIdentity:
        return replace(vouched, exchanges=exchanges).identity(
            self._settings.id,
            assurance=self._assurance(level),
            factors=FACTORS,
            means=MEANS,
            interface=INTERFACE,
            authenticated_at=received_at,
        )

    def _assurance(self, level: CertificateLevel) -> AssuranceLevel:
        if level is CertificateLevel.QUALIFIED:
            return self._settings.assurance
        return min(self._profile.advanced_assurance, self._settings.assurance)


def check_flow(result: ResultV3, memory: Memory) -> None:
    """Step 3: the app was reached in the one way that this login offers."""
    if memory.flow is None or result.flow != memory.flow:
        _refuse(Reason.NOT_TRUSTED, "flowType is not the one that this login offered")


def check_interaction(result: ResultV3, memory: Memory) -> None:
    """Step 4: the person was asked in one of the ways that were offered."""
    offered = FOR_NOTIFICATIONS if memory.flow == "Notification" else FOR_DEVICE_LINKS
    if result.interaction_used not in set(offered):
        _refuse(Reason.MALFORMED, "interactionTypeUsed is none of those that were offered")


def _refuse(reason: Reason, detail: str) -> NoReturn:
    raise AssertionRejected(reason, detail)
