"""The messages of banklink.md section 6 as tables: fields in signed order, with their greatest lengths.

The older answers 3001 and 3002-without-receiver of section 6.6 are not here: the gateway accepts neither.
"""

from dataclasses import dataclass
from functools import cached_property

from providers.contract import Language

MAC = "VK_MAC"
LANGUAGE = "VK_LANG"

LONGEST_MAC = 700
"""Characters of Base64, white space not counted (section 4.3)."""

LONGEST_NAME_FIELD = 140
"""Characters of ``VK_USER_NAME``; a bank cuts what is longer."""

READ_MOMENT = 25
"""Characters of a ``VK_DATETIME`` that is read: 24, and one for the colon that rule 14 lets an offset have."""

LANGUAGE_CODES = {Language.LATVIAN: "LAT", Language.ENGLISH: "ENG"}

MEANS = {
    "1": "id-card",
    "2": "mobile-id",
    "5": "otp",
    "6": "pin-calculator",
    "7": "code-card",
    "9": "smart-id",
}
"""What ``VK_TOKEN`` says the person used (section 5); anything else is ``unknown``."""


@dataclass(frozen=True)
class MessageForm:
    """One kind of message: which fields are signed, in which order, and how long each may be."""

    service: str
    signed: tuple[tuple[str, int], ...]
    """Name and greatest length in characters, in the order of the MAC string."""

    @cached_property
    def mac_order(self) -> tuple[str, ...]:
        """Names of the signed fields in order."""
        return tuple(name for name, _ in self.signed)

    @property
    def has_nonce(self) -> bool:
        """Whether the message carries ``VK_NONCE``."""
        return "VK_NONCE" in self.mac_order


_HEAD = (("VK_SERVICE", 4), ("VK_VERSION", 3))
_PERSON = (
    ("VK_USER_NAME", LONGEST_NAME_FIELD),
    ("VK_USER_ID", 20),
    ("VK_COUNTRY", 2),
    ("VK_OTHER", 150),
    ("VK_TOKEN", 2),
    ("VK_RID", 30),
)

REQUEST_4012 = MessageForm(
    "4012",
    (
        *_HEAD,
        ("VK_SND_ID", 15),
        ("VK_REC_ID", 15),
        ("VK_NONCE", 50),
        ("VK_RETURN", 255),
        ("VK_DATETIME", 24),
        ("VK_RID", 30),
    ),
)
ANSWER_3013 = MessageForm(
    "3013",
    (*_HEAD, ("VK_DATETIME", READ_MOMENT), ("VK_SND_ID", 15), ("VK_REC_ID", 15), ("VK_NONCE", 50), *_PERSON),
)
REQUEST_4011 = MessageForm(
    "4011",
    (
        *_HEAD,
        ("VK_SND_ID", 15),
        ("VK_REPLY", 4),
        ("VK_RETURN", 255),
        ("VK_DATETIME", 24),
        ("VK_RID", 30),
    ),
)
ANSWER_3012 = MessageForm(
    "3012",
    (*_HEAD, ("VK_USER", 16), ("VK_DATETIME", READ_MOMENT), ("VK_SND_ID", 15), ("VK_REC_ID", 15), *_PERSON),
)
REQUEST_4002 = MessageForm(
    "4002",
    (*_HEAD, ("VK_SND_ID", 15), ("VK_REC_ID", 15), ("VK_NONCE", 50), ("VK_RETURN", 200)),
)
ANSWER_3003 = MessageForm(
    "3003",
    (*_HEAD, ("VK_SND_ID", 15), ("VK_REC_ID", 15), ("VK_NONCE", 50), ("VK_INFO", 300)),
)

REQUESTS = {form.service: form for form in (REQUEST_4012, REQUEST_4011, REQUEST_4002)}
ANSWERS = {form.service: form for form in (ANSWER_3013, ANSWER_3012, ANSWER_3003)}
ANSWER_TO = {"4012": "3013", "4011": "3012", "4002": "3003"}
"""Which answer belongs to which request."""
