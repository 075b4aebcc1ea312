"""Sessions kept on the server; the browser holds only a random key in a ``__Host-`` cookie (``security.md`` T14).

The key is drawn anew at every sign-in. What a session holds is encrypted under a key made from the portal's secret
and the browser's: neither the database nor the secret alone opens it. A session ends after 15 minutes without a
request, and eight hours after it began.
"""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import Flask, Request, Response
from flask.sessions import SessionInterface, SessionMixin
from werkzeug.datastructures import CallbackDict

IDLE: Final = timedelta(minutes=15)
LONGEST: Final = timedelta(hours=8)
NOTED_EVERY: Final = timedelta(seconds=30)
"""A session that only looked around is written again this often."""
KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSession:
    """A session as it is stored; ``sealed`` is AES-256-GCM with its nonce in front."""

    sealed: bytes
    created_at: datetime
    seen_at: datetime


class SessionStore(Protocol):
    """Where sessions are kept, by the SHA-256 of the browser's key.

    ``renew`` leaves alone what is not there: a request that began before the person signed out brings nothing back.
    """

    def load(self, id_digest: bytes) -> StoredSession | None: ...
    def add(self, id_digest: bytes, session: StoredSession) -> None: ...
    def renew(self, id_digest: bytes, session: StoredSession) -> None: ...
    def remove(self, id_digest: bytes) -> None: ...


class BrowserSession(CallbackDict[str, Any], SessionMixin):
    """The content of one browser's session.

    Args:
        content: what was kept, or an empty mapping.
        key: the browser's key, 256 random bits in base64url.
        created_at: when the session began.
        seen_at: when the store last heard of it; nothing if the store does not know it.
    """

    def __init__(self, content: dict[str, Any], *, key: str, created_at: datetime, seen_at: datetime | None) -> None:
        super().__init__(content, BrowserSession._note_change)
        self.key = key
        self.created_at = created_at
        self.seen_at = seen_at
        self.modified = False
        self.left_behind: list[bytes] = []

    def _note_change(self) -> None:
        self.modified = True

    @property
    def digest(self) -> bytes:
        """The name under which the store knows this session."""
        return _digest(self.key)

    def begin_anew(self, at: datetime) -> None:
        """Empty the session and give it a new key: nothing done under the old one reaches the new."""
        if self.seen_at:
            self.left_behind.append(self.digest)
        self.clear()
        self.key, self.created_at, self.seen_at = secrets.token_urlsafe(KEY_BYTES), at, None


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


class ServerSideSessions(SessionInterface):
    """Flask's sessions over a ``SessionStore``.

    Args:
        store: where sessions are kept.
        secret: the portal's secret, at least 32 bytes.
        cookie: the cookie's name; must begin with ``__Host-``.
        clock: the time now, with a zone.
    """

    def __init__(self, store: SessionStore, *, secret: bytes, cookie: str, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._secret = secret
        self._cookie = cookie
        self._clock = clock

    def open_session(self, _app: Flask, request: Request) -> BrowserSession:
        """The browser's session, or an empty one that is stored only if something is put into it."""
        return self._known(request.cookies.get(self._cookie, "")) or BrowserSession(
            {}, key=secrets.token_urlsafe(KEY_BYTES), created_at=self._clock(), seen_at=None
        )

    def save_session(self, _app: Flask, session: SessionMixin, response: Response) -> None:
        """Keep what the request left in the session, and tell the browser a new key."""
        if not isinstance(session, BrowserSession):
            return
        for digest in session.left_behind:
            self._store.remove(digest)
        if session:
            self._keep(session, response)
        elif session.seen_at or session.left_behind:
            self._forget(session, response)

    def _known(self, key: str) -> BrowserSession | None:
        """The live session under this key."""
        kept = self._store.load(_digest(key)) if key else None
        if kept is None:
            return None
        now = self._clock()
        content = self._open(key, kept.sealed)
        if content is None or now - kept.seen_at > IDLE or now - kept.created_at > LONGEST:
            self._store.remove(_digest(key))
            return None
        return BrowserSession(content, key=key, created_at=kept.created_at, seen_at=kept.seen_at)

    def _keep(self, session: BrowserSession, response: Response) -> None:
        now = self._clock()
        if session.seen_at and not session.modified and now - session.seen_at < NOTED_EVERY:
            return
        sealed = self._seal(session.key, dict(session))
        kept = StoredSession(sealed=sealed, created_at=session.created_at, seen_at=now)
        if session.seen_at:
            self._store.renew(session.digest, kept)
            return
        self._store.add(session.digest, kept)
        response.set_cookie(self._cookie, session.key, secure=True, httponly=True, samesite="Lax", path="/")

    def _forget(self, session: BrowserSession, response: Response) -> None:
        self._store.remove(session.digest)
        response.delete_cookie(self._cookie, secure=True, httponly=True, samesite="Lax", path="/")

    def _seal(self, key: str, content: dict[str, Any]) -> bytes:
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._cipher(key).encrypt(nonce, orjson.dumps(content), None)

    def _open(self, key: str, sealed: bytes) -> dict[str, Any] | None:
        """The content, or nothing if it was sealed under another secret (the portal's was changed)."""
        try:
            opened: dict[str, Any] = orjson.loads(
                self._cipher(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None)
            )
        except InvalidTag:
            return None
        return opened

    def _cipher(self, key: str) -> AESGCM:
        derivation = HKDF(algorithm=SHA256(), length=32, salt=key.encode(), info=b"portal session content")
        return AESGCM(derivation.derive(self._secret))
