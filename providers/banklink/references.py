"""What ties an answer to its login, as it stands in ``VK_NONCE`` and ``VK_RID``."""

import base64
import re
from typing import NoReturn

from providers.contract import Reference
from providers.errors import AssertionRejected
from providers.refusals import SENTENCES, Reason

_REFERENCE = re.compile(r"[0-9a-f]{32}")


def own_reference(nonce: str) -> Reference:
    """A ``VK_NONCE`` of the form that is made here.

    Raises:
        AssertionRejected: ``unknown_nonce``: empty, or of another form, so that no login can have it.
    """
    if not _REFERENCE.fullmatch(nonce):
        _refuse(Reason.UNKNOWN_NONCE)
    return Reference(nonce)


def rid_of(reference: Reference) -> str:
    """A reference as it stands in ``VK_RID``, which holds 30 characters at most: base64url of its 16 bytes."""
    return base64.urlsafe_b64encode(bytes.fromhex(reference)).decode("ascii").rstrip("=")


def reference_of(rid: str) -> Reference:
    """The reference in an echoed ``VK_RID``.

    Raises:
        AssertionRejected: ``unknown_nonce``: it was never made here.
    """
    try:
        reference = Reference(base64.b64decode(f"{rid}==", altchars=b"-_", validate=True).hex())
    except ValueError:
        _refuse(Reason.UNKNOWN_NONCE)
    if not _REFERENCE.fullmatch(reference) or rid_of(reference) != rid:
        _refuse(Reason.UNKNOWN_NONCE)
    return reference


def _refuse(reason: Reason) -> NoReturn:
    raise AssertionRejected(reason, SENTENCES[reason])
