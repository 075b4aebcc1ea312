"""The other side of the agreement, for these tests: makes requests and reads answers with a codec of its own."""

import base64
import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import unescape
from urllib.parse import quote_plus
from zoneinfo import ZoneInfo

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA512, HashAlgorithm

RETURN_URL = "https://gw.example/b/demobank/return"
ORDER_4012 = ["SERVICE", "VERSION", "SND_ID", "REC_ID", "NONCE", "RETURN", "DATETIME", "RID"]
ORDER_4011 = ["SERVICE", "VERSION", "SND_ID", "REPLY", "RETURN", "DATETIME", "RID"]
ORDER_3013 = [
    "SERVICE",
    "VERSION",
    "DATETIME",
    "SND_ID",
    "REC_ID",
    "NONCE",
    "USER_NAME",
    "USER_ID",
    "COUNTRY",
    "OTHER",
    "TOKEN",
    "RID",
]
ORDER_3012 = [
    "SERVICE",
    "VERSION",
    "USER",
    "DATETIME",
    "SND_ID",
    "REC_ID",
    "USER_NAME",
    "USER_ID",
    "COUNTRY",
    "OTHER",
    "TOKEN",
    "RID",
]
HASHES: Mapping[str, HashAlgorithm] = {"008": SHA1(), "009": SHA512()}


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> None:
        self.now += timedelta(**span)


def counting_tokens() -> Callable[[int], str]:
    """Tokens that count upwards, so that two runs can be compared byte for byte."""
    numbers = itertools.count(1)
    return lambda size: f"{next(numbers):0{size * 2}x}"


def written(fields: Sequence[str], values: Mapping[str, str], *, prefix: str = "{:03d}") -> str:
    parts = [values.get(f"VK_{name}", "").strip(" ") for name in fields]
    return "".join(prefix.format(len(part)) + part for part in parts)


def encode(pairs: Sequence[tuple[str, str]], charset: str = "utf-8") -> bytes:
    return "&".join(f"{quote_plus(name)}={quote_plus(value, encoding=charset)}" for name, value in pairs).encode()


@dataclass
class TestPartner:
    """A partner of the bank with a key of its own."""

    __test__ = False
    id: str = "EIDGW"
    bank_id: str = "DEMOBANK"
    key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def request(self, nonce: str = "7c1e0f5a9b3d4826a1f0c9e2d7b85634", **changes: str) -> dict[str, str]:
        """A 4012, unsigned; ``changes`` are named without ``VK_``."""
        at = self.clock().astimezone(ZoneInfo("Europe/Riga"))
        fields = {
            "VK_SERVICE": "4012", "VK_VERSION": "009", "VK_SND_ID": self.id, "VK_REC_ID": self.bank_id, "VK_NONCE": nonce,
            "VK_RETURN": RETURN_URL, "VK_DATETIME": at.strftime("%Y-%m-%dT%H:%M:%S%z"), "VK_RID": "",
        }  # fmt: skip
        return fields | {f"VK_{name}": value for name, value in changes.items()}

    def request_4011(self, rid: str = "", **changes: str) -> dict[str, str]:
        fields = self.request(SERVICE="4011", REPLY="3012", RID=rid, **changes)
        del fields["VK_NONCE"], fields["VK_REC_ID"]
        return fields

    def mac(self, text: str, hashed: HashAlgorithm | None = None, charset: str = "utf-8") -> str:
        return base64.b64encode(self.key.sign(text.encode(charset), padding.PKCS1v15(), hashed or SHA512())).decode()

    def signed(self, fields: Mapping[str, str]) -> dict[str, str]:
        order = ORDER_4011 if fields.get("VK_SERVICE") == "4011" else ORDER_4012
        mac = self.mac(written(order, fields), HASHES.get(fields.get("VK_VERSION", ""), SHA512()))
        return {**fields, "VK_MAC": mac, "VK_ENCODING": "UTF-8", "VK_LANG": "LAT"}

    def body(self, **changes: str) -> bytes:
        return encode(list(self.signed(self.request(**changes)).items()))


@dataclass(frozen=True)
class AnswerForm:
    """The form on the bank's last page."""

    method: str
    action: str
    charset: str
    pairs: tuple[tuple[str, str], ...]

    @property
    def fields(self) -> dict[str, str]:
        return dict(self.pairs)


def answer_in(page: str) -> AnswerForm:
    """The form with id ``answer``; fails when the page has none."""
    opening = re.search(
        r'<form method="(\w+)" action="([^"]*)" accept-charset="([^"]*)"\s+id="answer">(.*?)</form>', page, re.DOTALL
    )
    assert opening, "the page holds no answer form"
    inputs = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', opening[4])
    pairs = tuple((unescape(name), unescape(value)) for name, value in inputs)
    return AnswerForm(opening[1], unescape(opening[2]), opening[3], pairs)


def verifies(
    fields: Mapping[str, str], key: rsa.RSAPublicKey, *, order: Sequence[str] = (), hashed: HashAlgorithm | None = None
) -> bool:
    order = order or (ORDER_3012 if fields["VK_SERVICE"] == "3012" else ORDER_3013)
    charset = {"ISO-8859-1": "iso-8859-1", "WINDOWS-1257": "cp1257"}.get(fields.get("VK_ENCODING", ""), "utf-8")
    try:
        key.verify(
            base64.b64decode(fields["VK_MAC"]), written(order, fields).encode(charset), padding.PKCS1v15(),
            hashed or HASHES[fields["VK_VERSION"]],
        )  # fmt: skip
    except (InvalidSignature, ValueError):
        return False
    return True


__all__ = ["SHA1", "SHA256", "SHA512"]
