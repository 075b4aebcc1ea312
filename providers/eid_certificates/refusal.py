"""How every check of this package says no."""

from typing import NoReturn

from providers.errors import AssertionRejected
from providers.refusals import SENTENCES, Reason


def refuse(reason: Reason, detail: str = "") -> NoReturn:
    """Refuse a certificate.

    Args:
        reason: an outcome code of eid-providers.md 4.3.
        detail: a sentence for the operator, without a name or a code; the reason's own where it is empty.

    Raises:
        AssertionRejected: always.
    """
    raise AssertionRejected(reason, detail or SENTENCES[reason])
