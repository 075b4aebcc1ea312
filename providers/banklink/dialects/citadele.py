"""Citadele, DIGI::LINK (banklink.md 11.4): signed XML documents in a form field, with an answer for giving up."""

from types import MappingProxyType
from typing import Final

from providers.banklink.dialect import Dialect, Exchange, Field, MessageForm, Says, Xml
from providers.banklink.moments import LocalTime
from providers.banklink.references import UUID
from providers.contract import Language

_MADE = Field("Timestamp", 17, Says.MOMENT)
_SENDER = Field("From", 20, Says.SENDER)
_SERVICE = Field("Request", 11, Says.SERVICE)
_REQUEST_UID = Field("RequestUID", 36, Says.CORRELATION)
_VERSION = Field("Version", 5, Says.VERSION)
_LANGUAGE = Field("Language", 2, Says.LANGUAGE)
_HEAD = (_MADE, _SENDER, _SERVICE, _REQUEST_UID, _VERSION, _LANGUAGE)

CITADELE: Final = Dialect(
    name="citadele",
    exchanges=(
        Exchange(
            request=MessageForm("AUTHREQ", (*_HEAD, Field("ReturnURL", 254, Says.RETURN))),
            answer=MessageForm(
                "AUTHRESP",
                (
                    *_HEAD,
                    Field("PersonCode", 11, Says.CODE),
                    Field("Person", 200, Says.NAME),
                    Field("Code", 3, Says.OUTCOME),
                    Field("Message", 254),
                ),
            ),
        ),
    ),
    hashes=MappingProxyType({"5.0": frozenset({"sha256"})}),
    moment=LocalTime(pattern="%Y%m%d%H%M%S", milliseconds=True),
    reference=UUID,
    languages=MappingProxyType({Language.LATVIAN: "LV", Language.ENGLISH: "EN"}),
    xml=Xml(parameter="xmldata", header=("Timestamp", "From")),
    fixed=frozenset(
        {"charset", "allowed_charsets", "fallback_charset", "charset_field", "length_unit", "unknown_fields"}
    ),
    defaults=MappingProxyType(
        {
            "request_url": "https://online.citadele.lv/amai/start.htm",
            "request_service": "AUTHREQ",
            "answer_service": "AUTHRESP",
            "version": "5.0",
            "hash": "sha256",
            "charset_field": None,
            "name_order": "last first",
            "min_key_bits": 4096,
            "clock_tolerance": 900,
            "must_be_present": ("Timestamp", "From", "Request", "RequestUID", "Version", "Code"),
        }
    ),
)
