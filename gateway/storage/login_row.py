"""Between a login and its row: which columns each state sets, and how to read a state back."""

from datetime import timedelta
from typing import Any, Final

import orjson

from gateway.audit.event import Correlation
from gateway.broker.login import (
    Answered,
    Arrived,
    Asked,
    Asserted,
    AtProvider,
    BrowserMark,
    Delivered,
    Digest,
    Door,
    Login,
    Prompt,
    Question,
    Redeemed,
    Refused,
    Wanted,
    asked_of,
)
from gateway.broker.relying_party import RelyingPartyId
from gateway.storage.identity_seal import IdentitySeal
from gateway.storage.statements import LOGIN_COLUMNS
from gateway.storage.times import from_micros, to_micros
from providers.contract import AssuranceLevel, Language, ProviderId, Reference

REMEMBERED_FOR: Final = timedelta(minutes=15)
"""How long after its end a login's reference still says "replayed" instead of "unknown"."""

STATES: Final[dict[type[Any], str]] = {
    state: state.__name__.lower()
    for state in (Asked, AtProvider, Arrived, Answered, Refused, Delivered, Redeemed, Asserted)
}
_DISTINCT_BY: Final[dict[type[Any], tuple[str, ...]]] = {
    AtProvider: ("reference",),
    Arrived: ("reference",),
    Delivered: ("code",),
    Redeemed: ("token",),
}


def asked_columns(login: Asked) -> dict[str, object]:
    """Give the columns of a new login."""
    return {
        "id": login.id,
        "state": STATES[Asked],
        "relying_party": login.question.relying_party,
        "question": _question_json(login.question),
        "browser": login.browser,
        "started_at": to_micros(login.started_at),
        "expires_at": to_micros(login.expires_at),
        "due_at": _forgotten_at(login),
    }


def conditions(old: Login, new: Login) -> dict[str, object]:
    """Give what must still stand in the row for the login to go from one state to another."""
    names = _DISTINCT_BY.get(type(old), ())
    stays = {"changes": old.changes} if isinstance(old, AtProvider) and isinstance(new, AtProvider) else {}
    return {"id": asked_of(old).id, "state": STATES[type(old)], **{name: getattr(old, name) for name in names}, **stays}


def assignments(new: Login, seal: IdentitySeal) -> dict[str, object]:
    """Give the columns that a state sets when a login enters it."""
    return {"state": STATES[type(new)], **_own_columns(new, seal)}


def read_login(row: tuple[Any, ...], seal: IdentitySeal) -> Login:
    """Read a row of ``LOGIN_COLUMNS`` back as the state it is in."""
    login: Login = _READERS[row[1]](_asked(row), dict(zip(LOGIN_COLUMNS, row, strict=True)), seal)
    return login


def _own_columns(new: Login, seal: IdentitySeal) -> dict[str, object]:
    match new:
        case AtProvider():
            return _journey_columns(new, seal)
        case Answered():
            sealed = seal.seal(new.identity, new.asked.id)
            return {"identity": sealed, "memory": None, "due_at": to_micros(new.asked.expires_at)}
        case Delivered():
            expiry = to_micros(new.code_expires_at)
            return {"code": new.code, "code_expires_at": expiry, "due_at": expiry}
        case Redeemed():
            expiry = to_micros(new.token_expires_at)
            return {"token": new.token, "token_expires_at": expiry, "holder": new.holder, "due_at": expiry}
        case Refused() | Asserted():
            ended: dict[str, object] = {"identity": None, "memory": None, "due_at": _forgotten_at(new.asked)}
            return {**ended, "why": new.why} if isinstance(new, Refused) else ended
    return {}


def _journey_columns(new: AtProvider, seal: IdentitySeal) -> dict[str, object]:
    return {
        "provider": new.provider,
        "reference": new.reference,
        "left_at": to_micros(new.left_at),
        "memory": seal.seal_memory(new.memory, new.asked.id) if new.memory else None,
        "changes": new.changes,
    }


def _forgotten_at(asked: Asked) -> int:
    return to_micros(asked.expires_at + REMEMBERED_FOR)


def _question_json(question: Question) -> bytes:
    return orjson.dumps(
        {
            "language": question.language,
            "minimum_assurance": question.minimum_assurance.value,
            "preselected": question.preselected,
            "door": question.door,
            "reply": question.reply,
            **_set_members(question),
        }
    )


def _set_members(question: Question) -> dict[str, object]:
    """Leave out what few requests ask for, so that the rows of ordinary logins stay short."""
    members = {
        "prompt": sorted(question.prompt),
        "max_age": int(question.max_age.total_seconds()) if question.max_age is not None else None,
        "id_token": sorted(question.wanted.id_token),
        "userinfo": sorted(question.wanted.userinfo),
        "session": question.session,
        "pushed": question.pushed,
    }
    return {name: value for name, value in members.items() if value not in (None, [])}


def _question(text: bytes, relying_party: str) -> Question:
    stored: dict[str, Any] = orjson.loads(text)
    return Question(
        relying_party=RelyingPartyId(relying_party),
        language=Language(stored["language"]),
        minimum_assurance=AssuranceLevel(stored["minimum_assurance"]),
        reply=tuple((name, value) for name, value in stored["reply"]),
        preselected=stored["preselected"],
        door=Door(stored["door"]),
        prompt=frozenset(map(Prompt, stored.get("prompt", ()))),
        max_age=timedelta(seconds=stored["max_age"]) if "max_age" in stored else None,
        wanted=Wanted(id_token=frozenset(stored.get("id_token", ())), userinfo=frozenset(stored.get("userinfo", ()))),
        session=stored.get("session"),
        pushed=stored.get("pushed"),
    )


def _asked(row: tuple[Any, ...]) -> Asked:
    return Asked(
        id=Correlation(row[0]),
        question=_question(row[3], row[2]),
        browser=BrowserMark(row[4]),
        started_at=from_micros(row[5]),
        expires_at=from_micros(row[6]),
    )


def _journey(asked: Asked, row: dict[str, Any]) -> dict[str, Any]:
    return {
        "asked": asked,
        "provider": ProviderId(row["provider"]),
        "reference": Reference(row["reference"]),
        "left_at": from_micros(row["left_at"]),
    }


def _kept(asked: Asked, row: dict[str, Any], seal: IdentitySeal) -> dict[str, Any]:
    memory = seal.open_memory(row["memory"], asked.id) if row["memory"] is not None else b""
    return {"memory": memory, "changes": row["changes"]}


def _answered(asked: Asked, row: dict[str, Any], seal: IdentitySeal) -> dict[str, Any]:
    return {"asked": asked, "identity": seal.open(row["identity"], asked.id)}


def _delivered(asked: Asked, row: dict[str, Any], seal: IdentitySeal) -> Delivered:
    expiry = from_micros(row["code_expires_at"])
    return Delivered(**_answered(asked, row, seal), code=Digest(row["code"]), code_expires_at=expiry)


def _redeemed(asked: Asked, row: dict[str, Any], seal: IdentitySeal) -> Redeemed:
    expiry = from_micros(row["token_expires_at"])
    return Redeemed(
        **_answered(asked, row, seal),
        code=Digest(row["code"]),
        token=row["token"],
        token_expires_at=expiry,
        holder=row["holder"],
    )


_READERS: Final[dict[str, Any]] = {
    STATES[Asked]: lambda asked, _row, _seal: asked,
    STATES[AtProvider]: lambda asked, row, seal: AtProvider(**_journey(asked, row), **_kept(asked, row, seal)),
    STATES[Arrived]: lambda asked, row, _seal: Arrived(**_journey(asked, row)),
    STATES[Answered]: lambda asked, row, seal: Answered(**_answered(asked, row, seal)),
    STATES[Delivered]: _delivered,
    STATES[Redeemed]: _redeemed,
    STATES[Asserted]: lambda asked, _row, _seal: Asserted(asked=asked),
    STATES[Refused]: lambda asked, row, _seal: Refused(asked=asked, why=row["why"], provider=row["provider"]),
}
