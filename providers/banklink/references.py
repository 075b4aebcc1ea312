"""What ties an answer to its login, as dialects write it."""

import base64
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NoReturn

from providers.contract import Reference
from providers.errors import AssertionRejected
from providers.refusals import SENTENCES, Reason

_REFERENCE: Final = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class ReferenceForm:
    """A way of writing the 16 random bytes of a reference."""

    write: Callable[[Reference], str]
    _hexadecimal: Callable[[str], str]
    """Raises ``ValueError`` for a text that cannot be read."""

    def read(self, text: str) -> Reference:
        """The reference in an answer.

        Raises:
            AssertionRejected: ``unknown_nonce``: empty, or of another form, so that no login can have it.
        """
        try:
            reference = Reference(self._hexadecimal(text))
        except ValueError:
            _unknown()
        if not _REFERENCE.fullmatch(reference) or self.write(reference) != text:
            _unknown()
        return reference


def _base64url(reference: Reference) -> str:
    return base64.urlsafe_b64encode(bytes.fromhex(reference)).decode("ascii").rstrip("=")


HEX: Final = ReferenceForm(str, str)
"""32 hexadecimal digits, as in ``VK_NONCE`` and ``VK_STAMP``."""
BASE64URL: Final = ReferenceForm(
    _base64url, lambda text: base64.b64decode(f"{text}==", altchars=b"-_", validate=True).hex()
)
"""22 characters, as in ``VK_RID``, which holds 30 at most."""
UUID: Final = ReferenceForm(lambda reference: str(uuid.UUID(hex=reference)), lambda text: uuid.UUID(text).hex)
"""In the five groups of a UUID; all 128 bits are random, so that it names no version."""


def _unknown() -> NoReturn:
    raise AssertionRejected(Reason.UNKNOWN_NONCE, SENTENCES[Reason.UNKNOWN_NONCE])
