"""Why does this signature not verify? Says which single difference between two banklink codecs would explain it.

An RSA signature gives back the digest that was signed. So each known key is tried once, and what remains is to find
the text with that digest: the expected text under one changed assumption at a time (``assumptions``).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from mock_bank import wire_banklink as wire
from mock_bank.assumptions import Reading, changed_readings
from mock_bank.explanation import Explanation, SignedField, Step
from mock_bank.pasted import NoMessage, Pasted

HASH_NAMES: Final[Mapping[str, str]] = {"sha1": "SHA-1", "sha256": "SHA-256", "sha384": "SHA-384", "sha512": "SHA-512"}


@dataclass(frozen=True, slots=True)
class _Signed:
    """What a signature gives back under one key."""

    key_name: str
    hash_name: str
    digest: str


def explain(message: Pasted, keys: Mapping[str, rsa.RSAPublicKey], expected_key: str | None = None) -> Explanation:
    """Explain a message's signature.

    Args:
        message: the message, however it was handed in.
        keys: every key that may have signed, by a name for people.
        expected_key: the name of the key that should have signed; by default the one named after ``VK_SND_ID``.

    Raises:
        NoMessage: a signed value has more than 999 symbols, so that there is no MAC string.
    """
    reading = Reading.expected(message)
    try:
        reading.text()
    except wire.Malformed as error:
        raise NoMessage(str(error)) from error
    wanted = expected_key or message.value("VK_SND_ID")
    return _Examination(message, reading, dict(keys), wanted).explanation()


class _Examination:
    """One message under examination."""

    def __init__(self, message: Pasted, reading: Reading, keys: dict[str, rsa.RSAPublicKey], wanted: str) -> None:
        self.message, self.reading, self.keys, self.wanted = message, reading, keys, wanted
        self.steps: list[Step] = []

    def explanation(self) -> Explanation:
        signature = self._signature()
        verified = signature is not None and self._verifies(signature)
        difference = None if verified else self._difference(signature)
        text, encoded = self.reading.text(), self.reading.encoded()
        return Explanation(
            service=self.reading.service,
            charset=self.reading.charset,
            hash_name=HASH_NAMES[self.reading.hash_name],
            fields=tuple(self._signed_fields()),
            unsigned=tuple((name, value) for name, value in self.message.pairs if name not in self.reading.order),
            mac_string=text,
            chars=len(text),
            bytes=len(encoded),
            digest=wire.digest(encoded, self.reading.hash_name),
            steps=tuple(self.steps),
            verified=verified,
            difference=difference,
        )

    def _signed_fields(self) -> Iterator[SignedField]:
        names = {name for name, _ in self.message.pairs}
        for number, (name, value) in enumerate(zip(self.reading.order, self.reading.values(), strict=True), start=1):
            size = len(value.encode(self.reading.charset, errors="replace"))
            yield SignedField(number, name, value, len(value), size, name in names)

    def _step(self, name: str, passed: bool | None, sentence: str) -> bool:
        self.steps.append(Step(name, passed, sentence))
        return bool(passed)

    def _signature(self) -> bytes | None:
        """The signature's bytes, if the form allows to look for them."""
        known = self.reading.service in wire.MAC_ORDER
        self._step("service", known, f"VK_SERVICE {self.message.value('VK_SERVICE') or '(none)'} " + (
            "has a known field order" if known else "is unknown; the order of 4012 is shown"))  # fmt: skip
        version = self.message.value("VK_VERSION")
        self._step("version", version in wire.HASH_OF_VERSION, f"VK_VERSION {version or '(none)'}: "
                   f"{HASH_NAMES[self.reading.hash_name]} is expected")  # fmt: skip
        repeated = ", ".join(self.message.repeated)
        self._step("parameters", not repeated, f"{repeated} stands more than once" if repeated else "none stands twice")
        return self._decoded()

    def _decoded(self) -> bytes | None:
        written = self.message.value("VK_MAC")
        if not written:
            self._step("Base64", False, "VK_MAC is empty or missing")
            return None
        try:
            decoded = wire.decode_mac(written)
        except wire.Malformed as error:
            self._step("Base64", False, str(error))
            return None
        self._step("Base64", True, f"VK_MAC holds {len(decoded)} bytes")
        return decoded

    def _verifies(self, signature: bytes) -> bool:
        key = self.keys.get(self.wanted)
        if key is None:
            self._step("key", None, f"no public key is known for {self.wanted or '(no VK_SND_ID)'}")
            return False
        if not self._step("key size", len(signature) == (size := (key.key_size + 7) // 8),
                          f"the signature has {len(signature)} bytes, a key of {key.key_size} bits makes {size}"):  # fmt: skip
            return False
        good = _verified(key, signature, self.reading.encoded(), self.reading.hash_name)
        return self._step(
            "signature", good, f"it {'verifies' if good else 'does not verify'} with the key of {self.wanted}"
        )

    def _difference(self, signature: bytes | None) -> str | None:
        if signature is None:
            return self._badly_encoded()
        recovered = [each for name, key in self.keys.items() if (each := _recover(name, key, signature))]
        for signed in recovered:
            self._step("what was signed", None, f"{HASH_NAMES[signed.hash_name]} digest {signed.digest}, "
                       f"by the key of {signed.key_name}")  # fmt: skip
        found = [sentence for signed in recovered if (sentence := self._explained(signed))]
        return found[0] if found else self._other_padding(signature) or self._badly_encoded()

    def _explained(self, signed: _Signed) -> str | None:
        """A sentence when exactly one assumption, among key, hash and text, explains this signature."""
        wrong_key = signed.key_name != self.wanted
        wrong_hash = signed.hash_name != self.reading.hash_name
        if _digests(self.reading, signed.hash_name) == signed.digest:
            return self._key_or_hash(signed, wrong_key=wrong_key, wrong_hash=wrong_hash)
        if wrong_key or wrong_hash:
            return None
        changed = changed_readings(self.reading)
        return next((why for why, reading in changed if _digests(reading, signed.hash_name) == signed.digest), None)

    def _key_or_hash(self, signed: _Signed, *, wrong_key: bool, wrong_hash: bool) -> str | None:
        if wrong_key and wrong_hash:
            return None
        if wrong_key:
            return f"key: it was signed with the key of {signed.key_name}, not of {self.wanted}"
        expected = HASH_NAMES[self.reading.hash_name]
        return f"hash: it was signed with {HASH_NAMES[signed.hash_name]}; this version means {expected}"

    def _badly_encoded(self) -> str | None:
        """Whether ``VK_MAC`` would verify if it were standard Base64 or hexadecimal of the same bytes."""
        key = self.keys.get(self.wanted)
        for why, signature in _other_encodings(self.message.value("VK_MAC")):
            if key and _verified(key, signature, self.reading.encoded(), self.reading.hash_name):
                return why
        return None

    def _other_padding(self, signature: bytes) -> str | None:
        key, hashed = self.keys.get(self.wanted), wire.HASHES[self.reading.hash_name]
        if key is None:
            return None
        if (once_more := self._hash_of_hash(key, signature)) is not None:
            return once_more
        try:
            key.verify(signature, self.reading.encoded(), padding.PSS(padding.MGF1(hashed), padding.PSS.AUTO), hashed)
        except InvalidSignature:
            return None
        return "padding: it was signed with RSASSA-PSS; banklink means RSASSA-PKCS1-v1_5"

    def _hash_of_hash(self, key: rsa.RSAPublicKey, signature: bytes) -> str | None:
        digest, name = wire.digest(self.reading.encoded(), self.reading.hash_name), self.reading.hash_name
        forms = {"the digest's bytes": bytes.fromhex(digest), "the digest in hexadecimal": digest.encode(),
                 "the digest in capital hexadecimal": digest.upper().encode()}  # fmt: skip
        for form, text in forms.items():
            if _verified(key, signature, text, name):
                return f"hash: {form} was hashed once more before signing; sign the MAC string itself"
        return None


def _other_encodings(written: str) -> Iterator[tuple[str, bytes]]:
    try:
        url_safe = written.replace("-", "+").replace("_", "/")
        yield (
            "Base64: the URL-safe alphabet or no padding was used",
            wire.decode_mac(url_safe + "=" * (-len(url_safe) % 4)),
        )
    except wire.Malformed:
        pass  # the next form may fit
    try:
        yield "Base64: VK_MAC is hexadecimal", bytes.fromhex(written)
    except ValueError:
        return


def _verified(key: rsa.RSAPublicKey, signature: bytes, text: bytes, hash_name: str) -> bool:
    try:
        key.verify(signature, text, padding.PKCS1v15(), wire.HASHES[hash_name])
    except InvalidSignature:
        return False
    return True


def _recover(name: str, key: rsa.RSAPublicKey, signature: bytes) -> _Signed | None:
    """The digest inside a PKCS#1 v1.5 signature, when this key made it."""
    for hash_name, hashed in wire.HASHES.items():
        try:
            digest = key.recover_data_from_signature(signature, padding.PKCS1v15(), hashed)
        except InvalidSignature:
            continue
        return _Signed(name, hash_name, digest.hex())
    return None


def _digests(reading: Reading, hash_name: str) -> str | None:
    try:
        return wire.digest(reading.encoded(), hash_name)
    except (UnicodeEncodeError, wire.Malformed):
        return None
