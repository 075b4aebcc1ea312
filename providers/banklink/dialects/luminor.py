"""Luminor, DNB Link (banklink.md 11.3): three fields for the person, a stamp for the login, and SHA-1."""

from types import MappingProxyType
from typing import Final

from providers.banklink.dialect import VK_LANGUAGES, Dialect, Exchange, Field, MessageForm, Says
from providers.banklink.moments import LocalTime

_HEAD = (Field("VK_SERVICE", 4, Says.SERVICE), Field("VK_VERSION", 3, Says.VERSION))
_STAMP = Field("VK_STAMP", 32, Says.CORRELATION)
_SENDER = Field("VK_SND_ID", 20, Says.SENDER)
_UNSIGNED = (Field("VK_MAC", 700, Says.SIGNATURE), Field("VK_LANG", 3, Says.LANGUAGE))
_ANSWER = MessageForm(
    "2001",
    (
        *_HEAD,
        _SENDER,
        Field("VK_REC_ID", 20, Says.RECIPIENT),
        _STAMP,
        Field("VK_T_NO", 12),
        Field("VK_PER_CODE", 12, Says.CODE),
        Field("VK_PER_FNAME", 100, Says.GIVEN_NAME),
        Field("VK_PER_LNAME", 100, Says.FAMILY_NAME),
        Field("VK_COM_CODE", 20),
        Field("VK_COM_NAME", 200),
        Field("VK_TIME", 32, Says.MOMENT),
    ),
    _UNSIGNED,
)

LUMINOR: Final = Dialect(
    name="luminor",
    exchanges=(
        Exchange(
            request=MessageForm("3001", (*_HEAD, _SENDER, _STAMP, Field("VK_RETURN", 400, Says.RETURN)), _UNSIGNED),
            answer=_ANSWER,
        ),
    ),
    hashes=MappingProxyType({"101": frozenset({"sha1", "sha256", "sha512"})}),  # which one today, the bank must say
    languages=VK_LANGUAGES,
    moment=LocalTime(pattern="%Y%m%d%H%M%S"),
    blanks_at_the_ends=False,
    fixed=frozenset({"charset", "allowed_charsets", "fallback_charset", "charset_field", "length_unit", "name_order"}),
    defaults=MappingProxyType(
        {
            "request_url": "https://ib.luminor.lv/login/rid_login.php",
            "request_service": "3001",
            "answer_service": "2001",
            "version": "101",
            "hash": "sha1",
            "charset_field": None,
            "name_order": "separate",
            "must_be_present": _ANSWER.mac_order,
        }
    ),
)
