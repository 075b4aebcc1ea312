"""T38: nothing that is not exactly what the app signed for this login vouches for anybody.

One honest result is changed in ten thousand ways (some hundred in an ordinary run); every one must be refused, and the
unchanged one accepted before and after.
"""

import base64
import json
import os
import random
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from providers.errors import ProviderError
from providers.smart_id.memory import read_memory
from tests.providers.smart_id.setting import ANNA, Setting, Visits, changed

MUTATIONS: Final = 10_000 if "VPM_NIGHTLY" in os.environ else 400
SIGNED: Final = (
    ("signature", "value"),
    ("signature", "serverRandom"),
    ("signature", "userChallenge"),
    ("signature", "flowType"),
    ("signature", "signatureAlgorithm"),
    ("signature", "signatureAlgorithmParameters", "hashAlgorithm"),
    ("signature", "signatureAlgorithmParameters", "saltLength"),
    ("signature", "signatureAlgorithmParameters", "trailerField"),
    ("signature", "signatureAlgorithmParameters", "maskGenAlgorithm", "algorithm"),
    ("signature", "signatureAlgorithmParameters", "maskGenAlgorithm", "parameters", "hashAlgorithm"),
    ("cert", "value"),
    ("cert", "certificateLevel"),
    ("interactionTypeUsed",),
    ("signatureProtocol",),
    ("state",),
    ("result", "endResult"),
)
"""Every member that decides; the others are told in the next list."""
MANDATORY: Final = (*SIGNED, ("result", "documentNumber"), ("result",), ("signature",), ("cert",))

Result = dict[str, Any]


@pytest.fixture(scope="module")
def honest(smart_id: Setting) -> Visits:
    smart_id.switch()
    visits = Visits(smart_id.provider())
    smart_id.telephone.answer_link(visits.qr(), ANNA)
    visits.until_over()
    visits.identify()
    return visits


def result_of(visits: Visits) -> Result:
    assert visits.answered is not None
    found: Result = json.loads(visits.answered.partition(b"\n")[2])
    return found


def with_result(visits: Visits, body: bytes) -> None:
    """What comes of the login when the service says this; raises where it is refused."""
    other = Visits(visits.provider)
    other.request, other.memory = visits.request, visits.memory
    other.answered = visits.request.reference.encode() + b"\n" + body
    other.identify()


def place(result: Result, path: tuple[str, ...]) -> tuple[Result, str]:
    for name in path[:-1]:
        result = result[name]
    return result, path[-1]


def flip_a_bit(text: str, chance: random.Random) -> str:
    octets = bytearray(base64.b64decode(text))
    octets[chance.randrange(len(octets))] ^= 1 << chance.randrange(8)
    return base64.b64encode(octets).decode()


def mutated(value: Any, chance: random.Random) -> Any:
    """Another value of the same kind, or of another."""
    kinds: list[Callable[[], Any]] = [lambda: None, lambda: 7, list, dict, lambda: "", lambda: True]
    if isinstance(value, str):
        letter = chance.randrange(len(value))
        other = chance.choice("ABCDEFabcdef0123456789+/=-_|")
        kinds += [
            lambda: value[:letter] + other + value[letter + 1 :],
            lambda: value[:letter] + value[letter + 1 :],
            lambda: value + other,
            lambda: f" {value}",
            value.lower,
            value.upper,
            lambda: value[: len(value) // 2],
        ]
    if isinstance(value, int):
        kinds += [lambda: value + chance.choice((-32, -1, 1, 32)), lambda: str(value), lambda: float(value) + 0.5]
    return chance.choice(kinds)()


def mutations(result: Result, count: int) -> Iterator[bytes]:
    chance, made = random.Random(38), 0
    while made < count:
        copy = json.loads(json.dumps(result))
        within, name = place(copy, chance.choice(SIGNED))
        before = within[name]
        long = isinstance(before, str) and len(before) > 200
        within[name] = flip_a_bit(before, chance) if long and chance.random() < 0.8 else mutated(before, chance)
        if within[name] == before and type(within[name]) is type(before):
            continue
        made += 1
        yield json.dumps(copy).encode()


def test_t38_no_mutated_result_is_accepted(honest: Visits) -> None:
    result, refused = result_of(honest), 0
    for body in mutations(result, MUTATIONS):
        with pytest.raises(ProviderError):
            with_result(honest, body)
        refused += 1
    assert refused == MUTATIONS
    with_result(honest, json.dumps(result).encode())


@pytest.mark.parametrize("path", MANDATORY, ids=".".join)
def test_5_5_a_result_without_a_member_is_malformed(honest: Visits, path: tuple[str, ...]) -> None:
    result = result_of(honest)
    within, name = place(result, path)
    del within[name]
    with pytest.raises(ProviderError) as refused:
        with_result(honest, json.dumps(result).encode())
    assert refused.value.reason == "malformed"


@pytest.mark.parametrize("path", MANDATORY, ids=".".join)
def test_5_5_a_member_that_stands_twice_is_malformed(honest: Visits, path: tuple[str, ...]) -> None:
    result = result_of(honest)
    within, name = place(result, path)
    member = f"{json.dumps(name)}: {json.dumps(within[name])}"
    text = json.dumps(result)
    assert member in text
    with pytest.raises(ProviderError) as refused:
        with_result(honest, text.replace(member, f"{member}, {member}").encode())
    assert refused.value.reason == "malformed"


def test_5_5_members_that_nobody_agreed_on_change_nothing(honest: Visits) -> None:
    result = result_of(honest)
    for within in (result, result["signature"], result["cert"], result["result"]):
        within["somethingNew"] = {"of": [1, 2]}
    with_result(honest, json.dumps(result).encode())


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"null", b"\xff", b'{"state": "RUNNING"}', b"[" * 100_000])
def test_what_is_no_result_is_malformed(honest: Visits, body: bytes) -> None:
    with pytest.raises(ProviderError) as refused:
        with_result(honest, body)
    assert refused.value.reason == "malformed"


@pytest.mark.parametrize(
    "difference",
    [
        {"challenge": base64.b64encode(b"another challenge of another login, which is long enough").decode()},
        {"interactions": base64.b64encode(b'[{"type":"displayTextAndPIN","displayText60":"Cits"}]').decode()},
    ],
)
def test_t38_the_result_of_one_login_says_nothing_in_another(honest: Visits, difference: dict[str, str]) -> None:
    other = Visits(honest.provider)
    other.request, other.memory, other.answered = honest.request, honest.memory, honest.answered
    with pytest.raises(ProviderError) as refused:
        changed(other, **difference).identify()
    assert refused.value.reason == "bad_signature"


@pytest.mark.parametrize("agreement", [{"relying_party_name": "demo"}, {"relying_party_name": "DEMO "}])
def test_t38_a_result_for_another_relying_party_is_refused(
    smart_id: Setting, honest: Visits, agreement: dict[str, str]
) -> None:
    """The name enters the signed text byte for byte, whatever the API thinks of its letter case (10.1)."""
    other = Visits(smart_id.provider(**agreement))
    other.request, other.memory, other.answered = honest.request, honest.memory, honest.answered
    with pytest.raises(ProviderError) as refused:
        other.identify()
    assert refused.value.reason == "bad_signature"


def test_10_1_a_result_of_the_demo_never_verifies_under_the_live_scheme(smart_id: Setting, honest: Visits) -> None:
    live = {"scheme_name": "smart-id", "relying_party_uuid": "11111111-0000-4000-8000-000000000000"}
    other = Visits(smart_id.provider(**live))
    other.request, other.memory, other.answered = honest.request, honest.memory, honest.answered
    with pytest.raises(ProviderError) as refused:
        other.identify()
    assert refused.value.reason == "bad_signature"


def test_10_8_somebody_else_than_the_person_named_is_a_mismatch(honest: Visits) -> None:
    other = Visits(honest.provider)
    other.request, other.memory, other.answered = honest.request, honest.memory, honest.answered
    with pytest.raises(ProviderError) as refused:
        changed(other, person="32184759206").identify()
    assert refused.value.reason == "identity_mismatch"


def test_10_7_a_login_on_this_device_is_not_finished_by_our_page(honest: Visits) -> None:
    """The result of a relayed link must not count before the person is back in their own browser."""
    other = Visits(honest.provider)
    other.request, other.memory, other.answered = honest.request, honest.memory, honest.answered
    with pytest.raises(ProviderError) as refused:
        changed(other, flow="Web2App").identify()
    assert refused.value.reason == "wrong_browser"


def test_what_is_kept_of_a_login_is_small(honest: Visits) -> None:
    assert len(honest.memory) < 2048
    assert read_memory(honest.memory).encoded() == honest.memory
