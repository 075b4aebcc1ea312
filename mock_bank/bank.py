"""The whole bank, assembled: settings, keys, customers, logins, journal, faults. The two Flask applications share it."""

import secrets
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count

from cryptography.hazmat.primitives.asymmetric import rsa

from certs.errors import CertificateError
from mock_bank.answer_faults import Around, bend_and_seal
from mock_bank.answers import Answer, Occasion, draft_answer, finished
from mock_bank.confirmations import Authentication, Confirmations, Signer
from mock_bank.eid.desk import CardDesk, open_card_desk
from mock_bank.faults import ActiveFaults, Switchboard, parse_faults
from mock_bank.identities import identity_of
from mock_bank.journal import Journal, Record
from mock_bank.keys import BankKeys, open_keys
from mock_bank.login_states import Login
from mock_bank.logins import LoginDesk
from mock_bank.oidc_grants import Grants, SpentOnce
from mock_bank.personas import Persona, by_user_number
from mock_bank.saml_idp import SamlIdp, open_saml_idp
from mock_bank.settings import BankSettings, InvalidSettings
from mock_bank.smart_id.service import SmartId, open_smart_id

KEPT_REQUESTS = 200


def utc_now() -> datetime:
    """The present moment, UTC, aware."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it arrived, kept for the debugger."""

    number: int
    at: datetime
    body: bytes
    refused: bool


class Inbox:
    """The last 200 requests, so that their makers can look at them."""

    def __init__(self) -> None:
        """Begin empty."""
        self._numbers = count(1)
        self._kept: deque[Received] = deque(maxlen=KEPT_REQUESTS)

    def keep(self, at: datetime, body: bytes, *, refused: bool) -> Received:
        """Remember a request under the next number."""
        received = Received(next(self._numbers), at, body, refused)
        self._kept.append(received)
        return received

    def find(self, number: int) -> Received | None:
        """The request of this number, if it is still kept."""
        return next((each for each in list(self._kept) if each.number == number), None)

    def newest_first(self) -> list[Received]:
        """Every kept request."""
        return sorted(self._kept, key=lambda each: -each.number)


@dataclass(frozen=True, slots=True)
class Vouched:
    """What the bank says of a login that ended well, in whatever protocol."""

    authentication: Authentication
    odd: bool
    """True for every second login."""


@dataclass(slots=True, kw_only=True)
class Bank:
    """Everything that a request may need."""

    settings: BankSettings
    keys: BankKeys
    personas: Mapping[str, Persona]
    desk: LoginDesk
    journal: Journal
    confirmations: Confirmations
    signer: Signer
    switchboard: Switchboard
    clock: Callable[[], datetime]
    tokens: Callable[[int], str]
    started_at: datetime
    grants: Grants
    assertion_ids: SpentOnce
    smart_id: SmartId | None = None
    """Set where the settings have one."""
    saml: SamlIdp | None = None
    """Where the bank is a SAML identity provider."""
    card_desk: CardDesk | None = None
    """None where the settings have no ``[eid]``."""
    inbox: Inbox = field(default_factory=Inbox)
    _answers_made: "count[int]" = field(default_factory=count)
    _answered: dict[str, str] = field(default_factory=dict)
    _nonce_before: str = "0" * 32
    _strange_keys: dict[int, rsa.RSAPrivateKey] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def faults_for(self, login: Login | None = None) -> ActiveFaults:
        """What is switched on for everybody, and for this login."""
        return self.switchboard.active | login.faults if login else self.switchboard.active

    def strange_key(self, bits: int) -> rsa.RSAPrivateKey:
        """A key that no partner was told of; made when a fault first asks for it."""
        with self._guard:
            if bits not in self._strange_keys:
                self._strange_keys[bits] = rsa.generate_private_key(65537, bits)
            return self._strange_keys[bits]

    def vouch(self, login: Login) -> Vouched | None:
        """Say who a person is who agreed to it, and offer the confirmation of the login.

        None when this reference was answered before: one login, one answer, one confirmation.
        """
        faults, odd = self.faults_for(login), next(self._answers_made) % 2 == 1
        authentication = self._authentication(login, faults, odd=odd)
        if not self.confirmations.add(authentication) and "bnk.replay-request" not in faults:
            self.record(login, "refused")
            return None
        self.record(login, "identified", authentication.transaction_id)
        return Vouched(authentication, odd)

    def answer(self, login: Login, request: Mapping[str, str], charset: str) -> Answer | None:
        """The banklink answer to a login that the person agreed to; None when it was answered before.

        Args:
            login: in which somebody has authenticated and agreed.
            request: the fields of the request, as checked.
            charset: Python's name of the charset that the request was in.
        """
        vouched = self.vouch(login)
        if vouched is None:
            return None
        now, faults = self.clock(), self.faults_for(login)
        occasion = Occasion(
            bank_id=self.settings.id,
            key=self.keys.banklink,
            identity=vouched.authentication.identity,
            token=login.method.token,
            at=now,
        )
        draft = draft_answer(request, charset, occasion)
        bend_and_seal(draft, self._around(login, now, odd=vouched.odd), faults)
        if "bnk.replay-request" in faults and login.person:
            self._answered[login.reference] = login.person.user_number
        return finished(draft, login.return_url)

    def _around(self, login: Login, now: datetime, *, odd: bool) -> Around:
        around = Around(
            at=now,
            odd=odd,
            nonce_before=self._nonce_before,
            fresh_nonce=self.tokens(16),
            other_key=self.strange_key,
        )
        self._nonce_before = login.reference
        return around

    def _authentication(self, login: Login, faults: ActiveFaults, *, odd: bool) -> Authentication:
        if login.person is None or login.authenticated_at is None:
            raise RuntimeError("nobody has authenticated in this login")
        return Authentication(
            reference=login.reference,
            partner=login.partner.id,
            interface=login.enquiry.interface,
            identity=identity_of(login.person, faults, odd=odd),
            transaction_id="0" * 32 if "aud.dup-txid" in faults else self.tokens(16),
            at=int(login.authenticated_at.timestamp()),
            answered_at=int(self.clock().timestamp()),
            faults=login.faults,
        )

    def answered_before(self, reference: str) -> str | None:
        """User number of the customer for whom a request of this reference was answered, for ``bnk.replay-request``."""
        return self._answered.get(reference)

    def record(self, login: Login, outcome: str, transaction_id: str = "") -> None:
        """Write down how a login ended."""
        leaked = login.typed_password if "aud.leaks-secret" in self.faults_for(login) else ""
        self.journal.record(
            Record(
                at=int(self.clock().timestamp()),
                partner=login.partner.id,
                reference=login.reference,
                transaction_id=transaction_id or login.id,
                outcome=outcome,
                method=login.method.value,
                secret=leaked,
            )
        )

    def record_refused_request(self, partner: str, reference: str) -> None:
        """Write down that a request was refused, under the partner that it names if that is known."""
        known = partner if partner in self.keys.partners else ""
        at = int(self.clock().timestamp())
        self.journal.record(Record(at, known, reference[:50], self.tokens(16), "request-refused", ""))

    def take_up_keys(self, settings: BankSettings) -> None:
        """Sign with the keys of these settings from now on, and believe the partners that they name.

        Raises:
            InvalidSettings: a key file does not hold what it must; everything stays as it was.
        """
        keys = open_keys(settings)
        self.keys, self.signer = keys, Signer(keys.confirmation, settings.confirmation.kid)

    def close(self) -> None:
        """Let the journal finish its writing."""
        self.journal.close()


def open_bank(
    settings: BankSettings, *, clock: Callable[[], datetime] = utc_now, tokens: Callable[[int], str] = secrets.token_hex
) -> Bank:
    """Read keys, open the journal and assemble the bank.

    Raises:
        InvalidSettings: a key file does not hold what it must.
        UnknownFaults: the settings name a fault that does not exist.
    """
    keys, personas = open_keys(settings), by_user_number()
    bank = Bank(
        settings=settings,
        keys=keys,
        personas=personas,
        desk=LoginDesk(personas, clock, tokens, settings.lock_seconds),
        journal=Journal(settings.database),
        confirmations=Confirmations(clock),
        signer=Signer(keys.confirmation, settings.confirmation.kid),
        switchboard=Switchboard(parse_faults(settings.faults)),
        clock=clock,
        tokens=tokens,
        started_at=clock(),
        grants=Grants(clock, tokens),
        assertion_ids=SpentOnce(clock),
        saml=open_saml_idp(settings.saml, clock) if settings.saml else None,
        card_desk=_card_desk(settings, personas.values(), clock()),
    )
    bank.smart_id = _smart_id(bank)
    return bank


def _smart_id(bank: Bank) -> SmartId | None:
    entry = bank.settings.smart_id
    if entry is None:
        return None
    try:
        return open_smart_id(entry, bank.personas, bank.faults_for, bank.clock)
    except (OSError, ValueError) as error:
        raise InvalidSettings([f"smart_id: the authority cannot be used: {error}"]) from error


def _card_desk(settings: BankSettings, personas: Iterable[Persona], now: datetime) -> CardDesk | None:
    if settings.eid is None:
        return None
    try:
        return open_card_desk(settings.eid, personas, now)
    except CertificateError as error:
        raise InvalidSettings([f"eid: {error}"]) from error
