"""The challenge that a card signs, as it is kept between question and answer (eid-providers.md 7.2)."""

import base64
import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self
from urllib.parse import urlsplit

NONCE_BYTES: Final = 32
LIFE: Final = timedelta(minutes=5)
"""How long a challenge may be answered."""
FRESH: Final = timedelta(minutes=4)
"""A page that is shown with an older challenge gets a new one, so that the person has a minute at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """Random bytes for one origin."""

    nonce: str
    """Base64 of 32 random bytes, 44 characters; the characters are what is signed."""
    origin: str
    """Ours, as browsers name it: ``https://host[:port]``, from the settings."""
    made_at: datetime
    """UTC, aware."""

    @classmethod
    def new(cls, return_url: str, now: datetime) -> Self:
        """A fresh challenge for the origin that our return address lies on."""
        nonce = base64.b64encode(secrets.token_bytes(NONCE_BYTES)).decode()
        parts = urlsplit(return_url)
        return cls(nonce=nonce, origin=f"{parts.scheme}://{parts.netloc}", made_at=now)

    @property
    def memory(self) -> bytes:
        """The form in which it is kept."""
        return json.dumps([self.nonce, self.origin, self.made_at.isoformat()]).encode()

    @classmethod
    def remembered(cls, memory: bytes) -> Self:
        """What ``memory`` gave; our own bytes, so that anything else is a fault of ours and raises ``ValueError``."""
        nonce, origin, made_at = json.loads(memory)
        return cls(nonce=nonce, origin=origin, made_at=datetime.fromisoformat(made_at))

    def age(self, now: datetime) -> timedelta:
        """How long ago it was made."""
        return now - self.made_at
