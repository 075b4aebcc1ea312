"""The debugger finds each single difference between two codecs, and claims nothing when it finds none."""

import base64
import unicodedata
from collections.abc import Callable
from html import escape

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mock_bank.cli import banklink
from mock_bank.debugger import explain
from mock_bank.explanation import Explanation
from mock_bank.pasted import NoMessage, read_pasted
from tests.mock_bank.partner import ORDER_3013, encode, written

KEY = rsa.generate_private_key(65537, 2048)
OTHER = rsa.generate_private_key(65537, 2048)
KEYS = {"DEMOBANK": KEY.public_key(), "EIDGW": OTHER.public_key()}
FIELDS = {
    "VK_SERVICE": "3013", "VK_VERSION": "009", "VK_DATETIME": "2026-03-02T14:06:41+0200", "VK_SND_ID": "DEMOBANK",
    "VK_REC_ID": "EIDGW", "VK_NONCE": "7c1e0f5a9b3d4826a1f0c9e2d7b85634", "VK_USER_NAME": "O'NEILA-ĶĒRA,LĪGA ANNA",
    "VK_USER_ID": "999999-10000", "VK_COUNTRY": "LV", "VK_OTHER": "", "VK_TOKEN": "5", "VK_RID": "r-7",
}  # fmt: skip


def signature(text: bytes, *, key: rsa.RSAPrivateKey = KEY, hashed: HashAlgorithm | None = None) -> str:
    return base64.b64encode(key.sign(text, padding.PKCS1v15(), hashed or SHA512())).decode()


def explained(mac: str, **changes: str) -> Explanation:
    fields = FIELDS | {"VK_MAC": mac, "VK_ENCODING": "UTF-8", "VK_LANG": "LAT"} | changes
    return explain(read_pasted(encode(list(fields.items()))), KEYS)


def plain(order: list[str] = ORDER_3013, *, prefix: str = "{:03d}", **changes: str) -> str:
    return written(order, FIELDS | changes, prefix=prefix)


def without(*names: str) -> list[str]:
    return [name for name in ORDER_3013 if name not in names]


def byte_lengths() -> str:
    values = [FIELDS[f"VK_{name}"] for name in ORDER_3013]
    return "".join(f"{len(value.encode()):03d}{value}" for value in values)


def swapped(first: str, second: str) -> list[str]:
    return [{first: second, second: first}.get(name, name) for name in ORDER_3013]


def untrimmed(**changes: str) -> str:
    values = [(FIELDS | changes)[f"VK_{name}"] for name in ORDER_3013]
    return "".join(f"{len(value):03d}{value}" for value in values)


NAME = FIELDS["VK_USER_NAME"]
TEXTS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "bytes counted": ("length unit: lengths count bytes", lambda: byte_lengths().encode()),
    "no leading zeros": ("length prefix: lengths have no leading zeros", lambda: plain(prefix="{:d}").encode()),
    "no lengths": ("length prefix: values were joined without", lambda: plain(prefix="").encode()),
    "cp1257": ("charset: the MAC string was encoded in CP1257", lambda: plain().encode("cp1257")),
    "mojibake": ("charset: UTF-8 was read as", lambda: plain(VK_USER_NAME=NAME.encode().decode("iso-8859-1")).encode()),
    "decomposed": ("charset: letters were in form NFD", lambda: plain(VK_USER_NAME=unicodedata.normalize("NFD", NAME)).encode()),
    "blank around": ("trimming: VK_USER_NAME was signed with a blank on", lambda: untrimmed(VK_USER_NAME=f" {NAME} ").encode()),
    "blank after": ("trimming: VK_RID was signed with a blank after", lambda: untrimmed(VK_RID="r-7 ").encode()),
    "inner blanks": ("trimming: blanks inside values", lambda: plain(VK_USER_NAME=NAME.replace(" ", "")).encode()),
    "empty left out": ("empty fields: they were left out", lambda: plain(without("OTHER")).encode()),
    "entities": ("HTML entities: values were signed with entities", lambda: plain(VK_USER_NAME=escape(NAME)).encode()),
    "references": (
        "HTML entities: letters were signed as numeric references",
        lambda: plain(VK_USER_NAME=NAME.encode("ascii", "xmlcharrefreplace").decode()).encode(),
    ),
    "capitals": ("letter case: values were signed in capitals (VK_RID)", lambda: plain(VK_RID="R-7").encode()),
    "colon": ("value: VK_DATETIME was signed with the colon", lambda: plain(VK_DATETIME="2026-03-02T14:06:41+02:00").encode()),
    "no zone": ("value: VK_DATETIME was signed without its zone", lambda: plain(VK_DATETIME="2026-03-02T14:06:41").encode()),
    "no hyphen": ("value: VK_USER_ID was signed with or without", lambda: plain(VK_USER_ID="99999910000").encode()),
    "other version": ("value: VK_VERSION was 008 when signed", lambda: plain(VK_VERSION="008").encode()),
    "changed places": ("field order: VK_DATETIME and VK_NONCE changed", lambda: plain(swapped("DATETIME", "NONCE")).encode()),
    "alphabet": ("field order: fields were signed in alphabetical", lambda: plain(sorted(ORDER_3013)).encode()),
    "order of 3012": (
        "field order: the order of 3012",
        lambda: written(["SERVICE", "VERSION", "USER", "DATETIME", "SND_ID", "REC_ID", *ORDER_3013[6:]], FIELDS).encode(),
    ),
    "moved": ("field order: VK_RID was signed at place 1", lambda: plain(["RID", *ORDER_3013[:-1]]).encode()),
    "signed as empty": ("missing field: VK_TOKEN was signed as empty", lambda: plain(VK_TOKEN="").encode()),
    "not signed": ("missing field: VK_USER_ID was not signed", lambda: plain(without("USER_ID")).encode()),
    "language signed": (
        "surplus field: VK_LANG was signed too, at place 13",
        lambda: plain().encode() + b"003LAT",
    ),
    "joined": ("length prefix: values were joined with an ampersand", lambda: "&".join(FIELDS[f"VK_{n}"] for n in ORDER_3013).encode()),
}  # fmt: skip


@pytest.mark.parametrize("case", TEXTS)
def test_a_single_difference_in_the_signed_text_is_found(case: str) -> None:
    sentence, text = TEXTS[case]
    explanation = explained(signature(text()))
    assert not explanation.verified
    assert (explanation.difference or "").startswith(sentence)


def test_a_right_signature_is_called_right_and_its_facts_are_shown() -> None:
    explanation = explained(signature(plain().encode()))
    assert (explanation.verified, explanation.difference) == (True, None)
    assert explanation.mac_string == plain()
    assert (explanation.chars, explanation.bytes) == (len(plain()), len(plain().encode()))
    name = next(field for field in explanation.fields if field.name == "VK_USER_NAME")
    assert (name.number, name.chars, name.bytes) == (7, len(NAME), len(NAME.encode()))
    assert ("VK_LANG", "LAT") in explanation.unsigned


@pytest.mark.parametrize(("hashed", "name"), [(SHA1(), "SHA-1"), (SHA256(), "SHA-256")])
def test_another_hash_is_found(hashed: HashAlgorithm, name: str) -> None:
    assert (explained(signature(plain().encode(), hashed=hashed)).difference or "").startswith(
        f"hash: it was signed with {name};"
    )


def test_another_known_key_is_found() -> None:
    difference = explained(signature(plain().encode(), key=OTHER)).difference
    assert difference == "key: it was signed with the key of EIDGW, not of DEMOBANK"


def test_another_padding_is_found() -> None:
    pss = padding.PSS(padding.MGF1(SHA512()), padding.PSS.MAX_LENGTH)
    mac = base64.b64encode(KEY.sign(plain().encode(), pss, SHA512())).decode()
    assert (explained(mac).difference or "").startswith("padding: it was signed with RSASSA-PSS")


def test_a_digest_hashed_once_more_is_found() -> None:
    from hashlib import sha512

    mac = signature(sha512(plain().encode()).hexdigest().encode())
    assert (explained(mac).difference or "").startswith("hash: the digest in hexadecimal was hashed once more")


def test_url_safe_base64_and_hexadecimal_are_found() -> None:
    raw = KEY.sign(plain().encode(), padding.PKCS1v15(), SHA512())
    assert (explained(base64.urlsafe_b64encode(raw).decode().rstrip("=")).difference or "").startswith(
        "Base64: the URL-safe"
    )
    assert explained(raw.hex()).difference == "Base64: VK_MAC is hexadecimal"


def test_an_answer_sent_in_another_charset_than_declared_is_found() -> None:
    latin = FIELDS | {"VK_USER_NAME": "ÕUEMÄE,ÜLO"}
    mac = signature(written(ORDER_3013, latin).encode("iso-8859-1"))
    assert (explained(mac, VK_USER_NAME="ÕUEMÄE,ÜLO").difference or "").startswith(
        "charset: the MAC string was encoded in ISO-8859-1"
    )


def test_two_differences_at_once_are_not_called_one() -> None:
    explanation = explained(signature(byte_lengths().encode(), hashed=SHA256()))
    assert not explanation.verified
    assert explanation.difference is None
    assert any(step.name == "what was signed" and "SHA-256" in step.sentence for step in explanation.steps)


def test_an_unknown_key_explains_nothing() -> None:
    stranger = rsa.generate_private_key(65537, 2048)
    explanation = explained(signature(plain().encode(), key=stranger))
    assert (explanation.verified, explanation.difference) == (False, None)


def test_the_three_ways_to_hand_in_a_message_are_read_alike() -> None:
    fields = FIELDS | {"VK_MAC": signature(plain().encode()), "VK_ENCODING": "UTF-8"}
    body = encode(list(fields.items())).decode()
    lines = "\n".join(f"{name}={value}" for name, value in fields.items())
    html = (
        "<form>"
        + "".join(f'<input type="hidden" name="{n}" value="{escape(v)}">' for n, v in fields.items())
        + "</form>"
    )
    assert read_pasted(body).pairs == read_pasted(lines).pairs == read_pasted(html).pairs
    assert all(explain(read_pasted(text), KEYS).verified for text in (body, lines, html))


@pytest.mark.parametrize("text", ["", "hello", "a=b&c=d", "VK_ENCODING=KOI8-R&VK_SERVICE=3013", "<form></form>"])
def test_text_without_a_message_is_refused(text: str) -> None:
    with pytest.raises(NoMessage):
        read_pasted(text)


def test_a_value_too_long_for_its_prefix_is_refused() -> None:
    with pytest.raises(NoMessage, match="999"):
        explained("AAAA", VK_OTHER="x" * 1000)


@pytest.fixture
def key_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("key") / "bank.pem"
    file.write_bytes(KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return str(file)


def test_the_command_says_the_difference_and_exits_with_1(key_file: str) -> None:
    fields = FIELDS | {"VK_MAC": signature(byte_lengths().encode()), "VK_ENCODING": "UTF-8"}
    result = CliRunner().invoke(
        banklink, ["explain", "-", "--public-key", key_file], input=encode(list(fields.items()))
    )
    assert result.exit_code == 1
    assert "One difference would make it right: length unit: lengths count bytes" in result.output
    assert plain() in result.output


def test_the_command_exits_with_0_for_a_right_signature_and_2_for_no_message(key_file: str) -> None:
    fields = FIELDS | {"VK_MAC": signature(plain().encode()), "VK_ENCODING": "UTF-8"}
    arguments = ["explain", "-", "--public-key", key_file]
    assert CliRunner().invoke(banklink, arguments, input=encode(list(fields.items()))).exit_code == 0
    assert CliRunner().invoke(banklink, arguments, input=b"nothing").exit_code == 2
