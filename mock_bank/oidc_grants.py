"""Codes and access tokens: each code works once, for one partner, one address and one verifier, for a minute."""

import hmac
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Final

from mock_bank.faults import ActiveFaults
from mock_bank.wire_oidc import Grant, challenge_of

CODE_LIFETIME: Final = 60
TOKEN_LIFETIME: Final = 300


class GrantRefused(ValueError):
    """A code that is not redeemed; RFC 6749 5.2 calls all of it ``invalid_grant``."""


class Grants:
    """What was agreed to and not yet fetched."""

    def __init__(self, clock: Callable[[], datetime], tokens: Callable[[int], str]) -> None:
        """``clock`` gives UTC; ``tokens`` gives random hexadecimal of so many bytes."""
        self._clock = clock
        self._tokens = tokens
        self._by_code: dict[str, Grant] = {}
        self._spent: dict[str, list[str]] = {}
        self._by_token: dict[str, tuple[Grant, int]] = {}
        self._guard = threading.Lock()

    def issue_code(self, grant: Grant) -> str:
        """A code for a login that the person agreed to."""
        code = self._tokens(32)
        with self._guard:
            self._forget_old()
            self._by_code[code] = grant
        return code

    def redeem(
        self, code: str, client_id: str, redirect_uri: str, verifier: str | None, faults: ActiveFaults
    ) -> tuple[Grant, str]:
        """The grant behind a code and a new access token.

        Raises:
            GrantRefused: unknown, late, used before, another's, or without its verifier. A second use takes back what
                the first was given (RFC 6749 4.1.2).
        """
        with self._guard:
            grant = self._by_code.get(code)
            if grant is None:
                raise GrantRefused("this code was never made, or is forgotten")
            self._refuse_reuse(code, faults)
            _check_binding(grant, client_id, redirect_uri, faults)
            _check_verifier(grant, verifier, faults)
            if self._now() - grant.issued_at > CODE_LIFETIME:
                raise GrantRefused("this code is too old")
            token = self._tokens(32)
            self._spent.setdefault(code, []).append(token)
            self._by_token[token] = (grant, self._now())
            return grant, token

    def by_token(self, token: str) -> Grant | None:
        """Whose access token it is, while it lives."""
        grant, made = self._by_token.get(token, (None, 0))
        return grant if grant is not None and self._now() - made <= TOKEN_LIFETIME else None

    def _refuse_reuse(self, code: str, faults: ActiveFaults) -> None:
        if code in self._spent and "oid.code-reuse" not in faults:
            for token in self._spent[code]:
                self._by_token.pop(token, None)
            raise GrantRefused("this code was used before")

    def _now(self) -> int:
        return int(self._clock().timestamp())

    def _forget_old(self) -> None:
        limit = self._now() - CODE_LIFETIME - TOKEN_LIFETIME
        for code in [code for code, grant in self._by_code.items() if grant.issued_at < limit]:
            del self._by_code[code]
            for token in self._spent.pop(code, []):
                self._by_token.pop(token, None)


class SpentOnce:
    """Names that may be used once, such as ``jti`` of client assertions, while their bearer is valid."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        """``clock`` gives UTC."""
        self._clock = clock
        self._until: dict[str, int] = {}
        self._guard = threading.Lock()

    def spend(self, name: str, until: int) -> bool:
        """Whether a name is used for the first time; it is remembered until an epoch second, and an empty one never counts."""
        now = int(self._clock().timestamp())
        with self._guard:
            for old in [each for each, end in self._until.items() if end < now - CODE_LIFETIME]:
                del self._until[old]
            first = bool(name) and name not in self._until
            self._until[name] = until
            return first


def _check_binding(grant: Grant, client_id: str, redirect_uri: str, faults: ActiveFaults) -> None:
    if grant.client_id != client_id and "oid.code-any-client" not in faults:
        raise GrantRefused("this code is another client's")
    if grant.redirect_uri != redirect_uri:
        raise GrantRefused("redirect_uri is not the one of the request")


def _check_verifier(grant: Grant, verifier: str | None, faults: ActiveFaults) -> None:
    if verifier is None and "oid.pkce-optional" in faults:
        return
    if "oid.pkce-ignored" in faults and verifier is not None:
        return
    if verifier is None or not hmac.compare_digest(challenge_of(verifier), grant.challenge):
        raise GrantRefused("the code verifier does not fit the challenge")
