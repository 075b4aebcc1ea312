"""SEB Latvia, e-Link e-Identification (banklink.md 11.2): an unsigned question, a signed answer that names no login."""

from types import MappingProxyType
from typing import Final

from providers.banklink.dialect import VK_LANGUAGES, Dialect, Exchange, Field, MessageForm, Pairs, Says
from providers.banklink.moments import LocalTime

_SENDER = Field("IB_SND_ID", 10, Says.SENDER)
_SERVICE = Field("IB_SERVICE", 4, Says.SERVICE)
_LANGUAGE = Field("IB_LANG", 3, Says.LANGUAGE)

SEB: Final = Dialect(
    name="seb",
    exchanges=(
        Exchange(
            request=MessageForm("0005", (), (_SENDER, _SERVICE, _LANGUAGE)),
            answer=MessageForm(
                "0001",
                (
                    _SENDER,
                    _SERVICE,
                    Field("IB_REC_ID", 10, Says.RECIPIENT),
                    Field("IB_USER", 16, Says.CODE),
                    Field("IB_DATE", 10, Says.MOMENT),
                    Field("IB_TIME", 8, Says.MOMENT),
                    Field("IB_USER_INFO", 300, Says.INFO),
                    Field("IB_VERSION", 3, Says.VERSION),
                ),
                (Field("IB_CRC", 700, Says.SIGNATURE), _LANGUAGE),
            ),
        ),
    ),
    hashes=MappingProxyType({"001": frozenset({"sha1"}), "002": frozenset({"sha512"})}),
    languages=VK_LANGUAGES,
    moment=LocalTime(pattern="%d.%m.%Y %H:%M:%S"),
    info=Pairs(between="=", code=("ID",), name=("NAME",), user_of_company="USER"),
    cancel=MessageForm("0008", (), (_SENDER, _SERVICE, _LANGUAGE)),
    fixed=frozenset({"charset", "allowed_charsets", "fallback_charset", "charset_field", "length_unit"}),
    defaults=MappingProxyType(
        {
            "request_url": "https://ibanka.seb.lv/ipc/epakindex.jsp",
            "bank_id": "SEBUB",
            "request_service": "0005",
            "answer_service": "0001",
            "version": "002",
            "charset_field": None,
            "name_order": "first last",
            "min_key_bits": 1024,  # the bank's key of 2021 to 2031
        }
    ),
)
