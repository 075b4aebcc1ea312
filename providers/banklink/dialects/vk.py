"""The VK messages (banklink.md section 6), spoken by Swedbank (11.1) and by banks that follow its description.

The older answers 3001 and 3002 of section 6.6 are not here: the gateway accepts neither.
"""

from dataclasses import replace
from datetime import date
from types import MappingProxyType
from typing import Final

from providers.banklink.dialect import VK_LANGUAGES, Dialect, Exchange, Field, MessageForm, Pairs, Says
from providers.banklink.moments import READ_ISO

_HEAD = (Field("VK_SERVICE", 4, Says.SERVICE), Field("VK_VERSION", 3, Says.VERSION))
_SENDER = Field("VK_SND_ID", 15, Says.SENDER)
_RECIPIENT = Field("VK_REC_ID", 15, Says.RECIPIENT)
_NONCE = Field("VK_NONCE", 50, Says.CORRELATION)
_MADE = Field("VK_DATETIME", READ_ISO, Says.MOMENT)
_SESSION = Field("VK_RID", 30, Says.SESSION)
_PERSON = (
    Field("VK_USER_NAME", 140, Says.NAME),
    Field("VK_USER_ID", 20, Says.CODE),
    Field("VK_COUNTRY", 2, Says.COUNTRY),
    Field("VK_OTHER", 150),
    Field("VK_TOKEN", 2, Says.MEANS),
    _SESSION,
)
_UNSIGNED = (Field("VK_MAC", 700, Says.SIGNATURE), Field("VK_LANG", 3, Says.LANGUAGE))


def _form(service: str, *signed: Field) -> MessageForm:
    return MessageForm(service, (*_HEAD, *signed), _UNSIGNED)


WITH_NONCE: Final = Exchange(
    request=_form("4012", _SENDER, _RECIPIENT, _NONCE, Field("VK_RETURN", 255, Says.RETURN), _MADE, _SESSION),
    answer=_form("3013", _MADE, _SENDER, _RECIPIENT, _NONCE, *_PERSON),
)
WITHOUT_NONCE: Final = Exchange(
    request=_form(
        "4011", _SENDER, Field("VK_REPLY", 4, Says.REPLY), Field("VK_RETURN", 255, Says.RETURN), _MADE, _SESSION
    ),
    answer=_form("3012", Field("VK_USER", 16), _MADE, _SENDER, _RECIPIENT, *_PERSON),
    allowed_by="allow_without_nonce",
    lacks="nonce",
)
WITHOUT_TIME: Final = Exchange(
    request=_form("4002", _SENDER, _RECIPIENT, _NONCE, Field("VK_RETURN", 200, Says.RETURN)),
    answer=_form("3003", _SENDER, _RECIPIENT, _NONCE, Field("VK_INFO", 300, Says.INFO)),
    allowed_by="allow_legacy",
    lacks="time",
)

VK: Final = Dialect(
    name="vk",
    exchanges=(WITH_NONCE, WITHOUT_NONCE, WITHOUT_TIME),
    hashes=MappingProxyType({"008": frozenset({"sha1", "sha256"}), "009": frozenset({"sha512"})}),
    languages=VK_LANGUAGES,
    info=Pairs(between=":", code=("ISIK", "PERSON"), name=("NIMI", "NAME")),
)
SWEDBANK: Final = replace(
    VK,
    name="swedbank",
    defaults=MappingProxyType({"request_url": "https://www.swedbank.lv/banklink", "bank_id": "SWEDBANK_LV"}),
    ended=MappingProxyType({"008": date(2026, 6, 2)}),
)
