"""Faults that act on a banklink answer: before it is signed, on how it is signed, and after."""

import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives.asymmetric import rsa

from mock_bank import wire_banklink as wire
from mock_bank.answers import CHARSET_NAMES, Draft, written_time
from mock_bank.faults import ActiveFaults
from mock_bank.identities import without_diacritics


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What a fault may need to know besides the draft."""

    at: datetime
    """UTC, aware: when the answer is made."""
    odd: bool
    """True for every second login."""
    nonce_before: str
    """The nonce of the login before this one; all zeros for the first."""
    fresh_nonce: str
    """A nonce that nobody issued."""
    other_key: Callable[[int], rsa.RSAPrivateKey]
    """A key of so many bits that no partner was told of."""


Bend = Callable[[Draft, Around], None]


def bend_and_seal(draft: Draft, around: Around, faults: ActiveFaults) -> None:
    """Apply every active fault in its stage, and sign in between."""
    for name, bend in BEFORE.items():
        if name in faults:
            bend(draft, around)
    draft.seal()
    for name, bend in AFTER.items():
        if name in faults:
            bend(draft, around)


def _put(name: str, value: Callable[[Draft, Around], str]) -> Bend:
    def bend(draft: Draft, around: Around) -> None:
        if name in draft.fields:
            draft.fields[name] = value(draft, around)

    return bend


def _drop(name: str) -> Bend:

    def bend(draft: Draft, _around: Around) -> None:
        draft.fields.pop(name, None)

    return bend


def _dated(shift: int) -> Bend:
    return _put("VK_DATETIME", lambda _, around: written_time(around.at, shift=shift))


def _signed(**changes: object) -> Bend:
    return lambda draft, _: draft.sign(**changes)


def _other_key(bits: int) -> Bend:
    return lambda draft, around: draft.sign(key=around.other_key(bits))


def _key_flap(draft: Draft, around: Around) -> None:
    if around.odd:
        draft.sign(key=around.other_key(3072))


def _swapped_order(draft: Draft, _around: Around) -> None:
    swap = {"VK_NONCE": "VK_DATETIME", "VK_DATETIME": "VK_NONCE"}
    draft.sign(order=tuple(swap.get(name, name) for name in draft.signing.order))


def _person_unsigned(draft: Draft, _around: Around) -> None:
    left_out = {"VK_USER_NAME", "VK_USER_ID"}
    draft.sign(order=tuple(name for name in draft.signing.order if name not in left_out))


def _blanks_signed(draft: Draft, _around: Around) -> None:
    draft.fields["VK_USER_NAME"] = f" {draft.fields['VK_USER_NAME']} "
    draft.sign(trimmed=False)


def _in_charset(charset: str) -> Bend:
    def bend(draft: Draft, _around: Around) -> None:
        draft.charset = charset
        draft.fields["VK_ENCODING"] = CHARSET_NAMES[charset]

    return bend


def _old_3002(draft: Draft, around: Around) -> None:
    fields = draft.fields
    name = " ".join(reversed(fields.pop("VK_USER_NAME", "").split(",", 1)))
    fields |= {
        "VK_SERVICE": "3002",
        "VK_USER": "",
        "VK_DATE": f"{around.at:%d.%m.%Y}",
        "VK_TIME": f"{around.at:%H:%M:%S}",
    }
    fields["VK_INFO"] = f"ISIK:{fields.pop('VK_USER_ID', '')};NIMI:{name}"
    for name in ("VK_REC_ID", "VK_NONCE", "VK_DATETIME", "VK_COUNTRY", "VK_OTHER", "VK_TOKEN", "VK_RID"):
        fields.pop(name, None)
    draft.sign(order=wire.MAC_ORDER["3002"])


def _without_comma(draft: Draft, _around: Around) -> str:
    return " ".join(reversed(draft.fields["VK_USER_NAME"].split(",", 1)))


def _entities(draft: Draft, _around: Around) -> str:
    return draft.fields["VK_USER_NAME"].encode("ascii", "xmlcharrefreplace").decode("ascii")[:140]


def _last_changed(nonce: str) -> str:
    return nonce[:-1] + ("0" if nonce[-1:] != "0" else "1")


BEFORE: Final[Mapping[str, Bend]] = {
    "ans.3002": _old_3002,
    "bnk.nonce-drop": _drop("VK_NONCE"),
    "bnk.nonce-static": _put("VK_NONCE", lambda *_: "5" * 32),
    "ans.nonce-changed": _put("VK_NONCE", lambda draft, _: _last_changed(draft.fields["VK_NONCE"])),
    "ans.unsolicited": _put("VK_NONCE", lambda _, around: around.fresh_nonce),
    "ans.nonce-empty": _put("VK_NONCE", lambda *_: ""),
    "ans.nonce-of-another-login": _put("VK_NONCE", lambda _, around: around.nonce_before),
    "bnk.stale-datetime": _dated(-3600),
    "ans.time-minus-299": _dated(-299),
    "ans.time-plus-299": _dated(299),
    "ans.time-minus-301": _dated(-301),
    "ans.time-plus-301": _dated(305),
    "bnk.naive-datetime": _put("VK_DATETIME", lambda _, around: written_time(around.at)[:19]),
    "bnk.wrong-rec-id": _put("VK_REC_ID", lambda *_: "OTHERPARTNER"),
    "ans.other-sender": _put("VK_SND_ID", lambda *_: "OTHERBANK"),
    "bnk.wrong-response-service": _put("VK_SERVICE", lambda *_: "3003"),
    "ans.other-version": _put("VK_VERSION", lambda draft, _: "008" if draft.fields["VK_VERSION"] == "009" else "009"),
    "bnk.rid-drop": _put("VK_RID", lambda *_: ""),
    "bnk.strip-diacritics": _put("VK_USER_NAME", lambda draft, _: without_diacritics(draft.fields["VK_USER_NAME"])),
    "ans.empty-name": _put("VK_USER_NAME", lambda *_: ""),
    "ans.empty-code": _put("VK_USER_ID", lambda *_: ""),
    "ans.name-without-comma": _put("VK_USER_NAME", _without_comma),
    "ans.name-entity": _put("VK_USER_NAME", _entities),
    "ans.code-without-hyphen": _put("VK_USER_ID", lambda draft, _: draft.fields["VK_USER_ID"].replace("-", "")),
    "mfa.no-acr": _put("VK_TOKEN", lambda *_: ""),
    "mfa.low-acr": _put("VK_TOKEN", lambda *_: "7"),
    "mfa.unknown-method": _put("VK_TOKEN", lambda *_: "99"),
    "ans.latin1": _in_charset("iso-8859-1"),
    "ans.windows-1257": _in_charset("cp1257"),
    "ans.no-encoding": _drop("VK_ENCODING"),
    "bnk.mac-order": _swapped_order,
    "bnk.mac-omits-person": _person_unsigned,
    "bnk.mac-sha1": _signed(hash_name="sha1"),
    "ans.other-hash": _signed(hash_name="sha256"),
    "bnk.length-unit": _signed(unit="bytes"),
    "bnk.length-unpadded": _signed(prefix="plain"),
    "bnk.rsa1024": _other_key(1024),
    "ans.other-key": _other_key(3072),
    "bnk.key-flap": _key_flap,
    "bnk.mac-trim": _blanks_signed,
}


def _flip_a_bit(draft: Draft, _around: Around) -> None:
    mac = draft.fields["VK_MAC"]
    draft.fields["VK_MAC"] = ("B" if mac[0] == "A" else "A") + mac[1:]


def _change_code(draft: Draft, _around: Around) -> None:
    code = draft.fields.get("VK_USER_ID", "")
    draft.fields["VK_USER_ID"] = f"{code[:-1]}{(int(code[-1:] or '0') + 1) % 10}"


def _nonce_twice(draft: Draft, _around: Around) -> None:
    draft.repeated.append(("VK_NONCE", draft.fields.get("VK_NONCE", "")))


def _by_get(draft: Draft, _around: Around) -> None:
    draft.method = "get"


AFTER: Final[Mapping[str, Bend]] = {
    "bnk.bad-mac": _flip_a_bit,
    "bnk.mac-raw-plus": _put("VK_MAC", lambda draft, _: draft.fields["VK_MAC"].replace("+", " ")),
    "bnk.charset-lie": _put("VK_ENCODING", lambda *_: "ISO-8859-1"),
    "bnk.get-response": _by_get,
    "ans.changed-after-signing": _change_code,
    "ans.parameter-twice": _nonce_twice,
    "ans.extra-parameter": lambda draft, _: draft.fields.update(VK_FOO="1"),
    "ans.mac-line-breaks": _put("VK_MAC", lambda draft, _: "\r\n".join(textwrap.wrap(draft.fields["VK_MAC"], 64))),
}
