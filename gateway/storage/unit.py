"""One operation's view of a transaction."""

import hashlib
from datetime import datetime

from gateway.audit.event import AuditEvent, Correlation
from gateway.broker.login import Asked, Digest, Login, Refusal, Refused
from gateway.broker.pushed_request import PushedRequest
from gateway.broker.relying_party import RelyingPartyId
from gateway.storage.database import Connection, Parameters
from gateway.storage.identity_seal import IdentitySeal
from gateway.storage.issued import SqlIssued
from gateway.storage.login_row import REMEMBERED_FOR, STATES, asked_columns, assignments, conditions, read_login
from gateway.storage.recorder import Recorder, Records
from gateway.storage.registration_statements import registration_statements
from gateway.storage.registrations import SqlRegistrations
from gateway.storage.session_statements import session_statements
from gateway.storage.sessions import SqlSessions
from gateway.storage.statements import Statements
from gateway.storage.times import MICROSECOND, from_micros, to_micros
from providers.contract import ProviderId, Reference


class SqlUnit:
    """Implements ``gateway.broker.ports.Unit``; events are gathered and inserted with those of the neighbours."""

    def __init__(self, connection: Connection, statements: Statements, seal: IdentitySeal, recorder: Recorder) -> None:
        """Work on a connection that is in a transaction."""
        self._connection = connection
        self._statements = statements
        self._seal = seal
        self._recorder = recorder
        self.records = Records()

    @property
    def sessions(self) -> SqlSessions:
        """Sessions of groups, in the same transaction; made when first asked for, which most logins never do."""
        dialect = self._statements.dialect_name
        return SqlSessions(self._connection, session_statements(dialect), self._seal)

    @property
    def registrations(self) -> SqlRegistrations:
        """Registrations made by command, in the same transaction."""
        return SqlRegistrations(self._connection, registration_statements(self._statements.dialect_name))

    def issued(self, node: str) -> SqlIssued:
        """What a signer's count is compared with, in the same transaction."""
        return SqlIssued(self._connection, self._statements.dialect_name, node)

    def note_key_use(self, party: RelyingPartyId, kid: str, now: datetime) -> None:
        """Note that a relying party's key was seen in use."""
        self.registrations.note_use(party, kid, now)

    def load(self, login: Correlation) -> Login | None:
        """Find a login in whatever state."""
        return self._one(self._statements.login_by_id, {"id": login})

    def load_by_reference(self, provider: ProviderId, reference: Reference) -> Login | None:
        """Find the login that a provider's answer belongs to."""
        return self._one(self._statements.login_by_reference, {"provider": provider, "reference": reference})

    def load_by_code(self, code: Digest) -> Login | None:
        """Find the login whose code this is, redeemed or not."""
        return self._one(self._statements.login_by_code, {"code": code})

    def load_by_token(self, token: Digest) -> Login | None:
        """Find the login whose access token this is."""
        return self._one(self._statements.login_by_token, {"token": token})

    def load_pushed(self, reference: Digest) -> PushedRequest | None:
        """Find a pushed request that nobody has authenticated for yet."""
        row = self._connection.execute(self._statements.pushed, {"reference": reference}).fetchone()
        if row is None:
            return None
        return PushedRequest(
            reference=reference,
            relying_party=row[1],
            parameters=self._seal.open_parameters(row[2], reference),
            expires_at=from_micros(row[3]),
            kept_until=from_micros(row[4]),
        )

    def push(self, request: PushedRequest) -> None:
        """Remember a pushed request, sealed."""
        row = {
            "reference": request.reference,
            "relying_party": request.relying_party,
            "parameters": self._seal.seal_parameters(request.parameters, request.reference),
            "expires_at": to_micros(request.expires_at),
            "kept_until": to_micros(request.kept_until),
        }
        self._connection.execute(self._statements.push, row)

    def spend_pushed(self, reference: Digest) -> bool:
        """Consume a pushed request by one DELETE; the number of rows decides (T04)."""
        return self._connection.execute(self._statements.spend_pushed, {"reference": reference}).rowcount == 1

    def add(self, login: Asked) -> None:
        """Remember a new login."""
        self._connection.execute(self._statements.add_login, asked_columns(login))

    def replace(self, old: Login, new: Login) -> bool:
        """Move a login on by one conditional UPDATE; the number of rows it changed decides (T01, R9)."""
        still, becomes = conditions(old, new), assignments(new, self._seal)
        sql = self._statements.move(tuple(still), tuple(becomes))
        parameters = {f"old_{name}": value for name, value in still.items()}
        parameters |= {f"new_{name}": value for name, value in becomes.items()}
        return self._connection.execute(sql, parameters).rowcount == 1

    def spend(self, kind: str, value: str, until: datetime) -> bool:
        """Consume a single-use fact by one INSERT under a unique index (T58)."""
        digest = hashlib.sha256(value.encode()).digest()
        fact = {"kind": kind, "digest": digest, "expires_at": to_micros(until)}
        return self._connection.execute(self._statements.spend, fact).rowcount == 1

    def take_place(self, name: str, now: datetime, until: datetime, login: Correlation | None = None) -> bool:
        """Take a place by one INSERT that replaces what is over; the number of rows decides (T40)."""
        row = {"name": name, "login": login, "expires_at": to_micros(until), "now": to_micros(now)}
        return self._connection.execute(self._statements.take_place, row).rowcount == 1

    def leave_place(self, login: Correlation) -> None:
        """Give back the places that a login holds."""
        self._connection.execute(self._statements.leave_place, {"login": login})

    def record(self, event: AuditEvent) -> None:
        """Write an audit event and its evidence at the end of the transaction."""
        self._recorder.record(event, self.records)

    def sweep(self, now: datetime) -> None:
        """Erase identities that are due, then forget logins and spent facts that are."""
        due = {"now": to_micros(now)}
        over = {"refused": STATES[Refused], "why": Refusal.EXPIRED, "remembered": REMEMBERED_FOR // MICROSECOND}
        self._connection.execute(self._statements.erase_identities, due | over)
        self._connection.execute(self._statements.forget_logins, due)
        self._connection.execute(self._statements.forget_pushed, due)
        self._connection.execute(self._statements.forget_single_use, due)
        self._connection.execute(self._statements.forget_places, due)
        self.sessions.sweep(now)

    def _one(self, sql: str, parameters: Parameters) -> Login | None:
        row = self._connection.execute(sql, parameters).fetchone()
        return read_login(row, self._seal) if row else None
