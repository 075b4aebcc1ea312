"""Every rule has a certificate that breaks it, and only it."""

import ipaddress
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given
from hypothesis import strategies as st

from certs.authority import Authority
from certs.build import key_usage, new_key
from certs.dev_pki import DevPki
from certs.errors import ProfileBroken
from certs.judge import DRAFT_RULES, RULES, judge
from certs.profiles import LEAF_PROFILES, Profile, profile_named

SERVER = profile_named("gateway-server")
OCSP = profile_named("ocsp-signer")


@dataclass(frozen=True)
class Recipe:
    """A good server certificate's parts, to be changed one at a time; a test's own maker, not the product's."""

    ca: Authority
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey = field(default_factory=new_key)
    signer: ec.EllipticCurvePrivateKey | None = None
    digest: hashes.SHA256 | hashes.SHA384 = field(default_factory=hashes.SHA256)
    serial: int = field(default_factory=x509.random_serial_number)
    subject: x509.Name = field(default_factory=lambda: name("gateway"))
    issuer: x509.Name | None = None
    lasts: timedelta = timedelta(days=7)
    extensions: dict[str, tuple[x509.ExtensionType, bool]] | None = None

    def parts(self) -> dict[str, tuple[x509.ExtensionType, bool]]:
        issuer = self.ca.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        return {
            "basic": (x509.BasicConstraints(ca=False, path_length=None), True),
            "usage": (key_usage({"digital_signature"}), True),
            "purpose": (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
            "names": (x509.SubjectAlternativeName([x509.DNSName("localhost")]), False),
            "ski": (x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), False),
            "aki": (x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer), False),
            "cdp": (x509.CRLDistributionPoints([_point("http://localhost/a.crl")]), False),
            "aia": (x509.AuthorityInformationAccess([_access("http://localhost/a.crt")]), False),
        }

    def but(self, **changed: tuple[x509.ExtensionType, bool] | None) -> "Recipe":
        """The same with some extensions replaced, added, or (None) left out."""
        parts = {**self.parts(), **changed}
        return replace(self, extensions={key: part for key, part in parts.items() if part is not None})

    def baked(self) -> x509.Certificate:
        begins = self.ca.certificate.not_valid_before_utc
        builder = x509.CertificateBuilder(
            self.issuer or self.ca.certificate.subject,
            self.subject,
            self.key.public_key(),
            self.serial,
            begins,
            begins + self.lasts,
        )
        for extension, critical in (self.extensions or self.parts()).values():
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign(self.signer or self.ca._key, self.digest)


def name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _point(url: str) -> x509.DistributionPoint:
    return x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)


def _access(url: str) -> x509.AccessDescription:
    return x509.AccessDescription(x509.AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(url))


def _names(*names: x509.GeneralName) -> tuple[x509.ExtensionType, bool]:
    return x509.SubjectAlternativeName(names), False


def _usage(*bits: str, critical: bool = True) -> tuple[x509.ExtensionType, bool]:
    return key_usage(bits), critical


def _purposes(*purposes: x509.ObjectIdentifier) -> tuple[x509.ExtensionType, bool]:
    return x509.ExtendedKeyUsage(purposes), False


_STRANGER_ID = x509.SubjectKeyIdentifier(b"a stranger's key id.")

BROKEN: list[tuple[str, str, Callable[[Recipe], Recipe]]] = [
    ("serial-number", "has 64 bits", lambda good: replace(good, serial=2**63 + 1)),
    ("serial-number", "has 1 bits", lambda good: replace(good, serial=1)),
    (
        "public-key",
        "RSAPublicKey, not an EC key",
        lambda good: replace(good, key=rsa.generate_private_key(65537, 2048)),
    ),
    ("public-key", "Ed25519PublicKey", lambda good: replace(good, key=ed25519.Ed25519PrivateKey.generate())),
    ("public-key", "secp384r1, not P-256", lambda good: replace(good, key=ec.generate_private_key(ec.SECP384R1()))),
    ("public-key", "secp256k1, not P-256", lambda good: replace(good, key=ec.generate_private_key(ec.SECP256K1()))),
    ("signature-algorithm", "sha384, not SHA-256", lambda good: replace(good, digest=hashes.SHA384())),
    ("subject", "is empty", lambda good: replace(good, subject=x509.Name([]))),
    ("issuer-name", "CN=somebody else, not CN=VPM", lambda good: replace(good, issuer=name("somebody else"))),
    (
        "validity",
        "90 days, 0:00:01, longer than 90 days",
        lambda good: replace(good, lasts=timedelta(days=90, seconds=1)),
    ),
    ("validity", "is valid for 0:10:00 only", lambda good: replace(good, lasts=timedelta(minutes=10))),
    ("basic-constraints", "there is no Basic", lambda good: good.but(basic=None)),
    ("basic-constraints", "not critical", lambda good: good.but(basic=(x509.BasicConstraints(False, None), False))),
    ("basic-constraints", "ca=True", lambda good: good.but(basic=(x509.BasicConstraints(True, None), True))),
    ("basic-constraints", "path length 0", lambda good: good.but(basic=(x509.BasicConstraints(True, 0), True))),
    ("key-usage", "there is no KeyUsage", lambda good: good.but(usage=None)),
    ("key-usage", "not critical", lambda good: good.but(usage=_usage("digital_signature", critical=False))),
    (
        "key-usage",
        "digital_signature, key_cert_sign, not for",
        lambda good: good.but(usage=_usage("digital_signature", "key_cert_sign")),
    ),
    ("key-usage", "for key_encipherment, not", lambda good: good.but(usage=_usage("key_encipherment"))),
    (
        "key-usage",
        "encipher_only, key_agreement",
        lambda good: good.but(usage=_usage("digital_signature", "key_agreement", "encipher_only")),
    ),
    ("extended-key-usage", "for no purpose, not for serverAuth", lambda good: good.but(purpose=None)),
    (
        "extended-key-usage",
        "for clientAuth, not for serverAuth",
        lambda good: good.but(purpose=_purposes(ExtendedKeyUsageOID.CLIENT_AUTH)),
    ),
    (
        "extended-key-usage",
        "serverAuth and clientAuth",
        lambda good: good.but(purpose=_purposes(ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)),
    ),
    (
        "extended-key-usage",
        "anyExtendedKeyUsage",
        lambda good: good.but(purpose=_purposes(ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE)),
    ),
    (
        "extended-key-usage",
        "1.3.6.1.5.5.7.3.4",
        lambda good: good.but(purpose=_purposes(ExtendedKeyUsageOID.EMAIL_PROTECTION)),
    ),
    ("alternative-name", "there is no subject alternative name", lambda good: good.but(names=None)),
    (
        "alternative-name",
        "'a@localhost' is not of a kind",
        lambda good: good.but(names=_names(x509.DNSName("localhost"), x509.RFC822Name("a@localhost"))),
    ),
    (
        "alternative-name",
        "'urn:x' is not of a kind",
        lambda good: good.but(names=_names(x509.UniformResourceIdentifier("urn:x"))),
    ),
    ("subject-key-identifier", "there is no SubjectKey", lambda good: good.but(ski=None)),
    ("subject-key-identifier", "not that of the certificate's key", lambda good: good.but(ski=(_STRANGER_ID, False))),
    ("authority-key-identifier", "there is no AuthorityKey", lambda good: good.but(aki=None)),
    (
        "authority-key-identifier",
        "is not the issuer's",
        lambda good: good.but(
            aki=(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(_STRANGER_ID), False)
        ),
    ),
    ("distribution-point", "there is no CRL", lambda good: good.but(cdp=None)),
    ("authority-access", "there is no Authority", lambda good: good.but(aia=None)),
    ("permitted-names", "www.bank.lv is outside", lambda good: good.but(names=_names(x509.DNSName("www.bank.lv")))),
    ("permitted-names", "notlocalhost is outside", lambda good: good.but(names=_names(x509.DNSName("notlocalhost")))),
    (
        "permitted-names",
        "8.8.8.8 is outside",
        lambda good: good.but(names=_names(x509.IPAddress(ipaddress.ip_address("8.8.8.8")))),
    ),
    (
        "permitted-names",
        "2001:db8::1 is outside",
        lambda good: good.but(names=_names(x509.IPAddress(ipaddress.ip_address("2001:db8::1")))),
    ),
    ("ocsp-no-check", "present, which only an OCSP signer", lambda good: good.but(extra=(x509.OCSPNoCheck(), False))),
    (
        "other-extensions",
        "asks for: 1.2.3.4",
        lambda good: good.but(extra=(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\5\0"), False)),
    ),
    (
        "other-extensions",
        "NameConstraints stands in",
        lambda good: good.but(extra=(x509.NameConstraints([x509.DNSName("a")], None), True)),
    ),
    ("signature", "is not by the key of CN=VPM", lambda good: replace(good, signer=new_key())),
]


@pytest.fixture
def good(shared_pki: DevPki) -> Recipe:
    return Recipe(shared_pki.authority("gateway-servers"))


def rules_broken(certificate: x509.Certificate, ca: Authority, profile: Profile = SERVER) -> list[str]:
    return [finding.rule for finding in judge(certificate, profile, issuer=ca.certificate)]


def test_the_recipe_is_good(good: Recipe) -> None:
    assert judge(good.baked(), SERVER, issuer=good.ca.certificate) == ()


@pytest.mark.parametrize(("rule", "sentence", "spoil"), BROKEN, ids=[f"{rule}: {says}" for rule, says, _ in BROKEN])
def test_a_spoiled_certificate_breaks_its_rule_and_says_how(
    good: Recipe, rule: str, sentence: str, spoil: Callable[[Recipe], Recipe]
) -> None:
    findings = judge(spoil(good).baked(), SERVER, issuer=good.ca.certificate)
    assert rule in [finding.rule for finding in findings]
    assert any(sentence in finding.sentence for finding in findings if finding.rule == rule), findings


@pytest.mark.parametrize(("rule", "sentence", "spoil"), BROKEN, ids=[f"{rule}: {says}" for rule, says, _ in BROKEN])
def test_a_spoiled_certificate_breaks_no_other_rule(
    good: Recipe, rule: str, sentence: str, spoil: Callable[[Recipe], Recipe]
) -> None:
    """A wrong issuer name is the one flaw that a second rule must also see: nobody of that name signed it."""
    broken = set(rules_broken(spoil(good).baked(), good.ca))
    assert broken == ({rule, "signature"} if rule == "issuer-name" else {rule}), sentence


def test_every_rule_is_broken_by_some_certificate() -> None:
    elsewhere = {"version"}  # cryptography can make no certificate of another version; see the next test
    assert {rule.__name__.replace("_", "-") for rule in RULES} == {rule for rule, _, _ in BROKEN} | elsewhere


def test_a_version_1_certificate_is_found_out(good: Recipe) -> None:
    """As DER made by hand: the version and the extensions cut out of a good certificate."""
    certificate = x509.load_der_x509_certificate(_as_version_1(good.baked()))
    assert certificate.version is x509.Version.v1
    assert "version" in rules_broken(certificate, good.ca)


def _as_version_1(certificate: x509.Certificate) -> bytes:
    tbs, *rest = _elements(_content(certificate.public_bytes(Encoding.DER)))
    fields = [element for element in _elements(_content(tbs)) if element[0] not in {0xA0, 0xA3}]
    return _sequence([_sequence(fields), *rest])


def test_an_extension_that_stands_twice_is_found_out(good: Recipe) -> None:
    """RFC 5280 4.2; parsers disagree about which of the two counts."""
    tbs, *rest = _elements(_content(good.baked().public_bytes(Encoding.DER)))
    *fields, extensions = _elements(_content(tbs))
    (inner,) = _elements(_content(extensions))
    twice = _wrapped(0xA3, _sequence([*_elements(_content(inner)), _elements(_content(inner))[0]]))
    certificate = x509.load_der_x509_certificate(_sequence([_sequence([*fields, twice]), *rest]))
    assert rules_broken(certificate, good.ca) == ["readable"]


@pytest.mark.parametrize(
    ("known", "unknown"),
    [
        ("06082a8648ce3d040302", "06082a8648ce3d04037f"),  # ecdsa-with-SHA256, and nothing of the kind
        ("06072a8648ce3d0201", "06072a8648ce3d0205"),  # id-ecPublicKey, likewise
        ("0603551d13", "0603551d0f"),  # BasicConstraints called KeyUsage: garbled, and twice
    ],
)
def test_what_cannot_be_read_is_a_finding_and_no_crash(good: Recipe, known: str, unknown: str) -> None:
    spoiled = good.baked().public_bytes(Encoding.DER).replace(bytes.fromhex(known), bytes.fromhex(unknown))
    assert rules_broken(x509.load_der_x509_certificate(spoiled), good.ca) == ["readable"]


def test_a_certificate_that_outlives_its_issuer_is_found_out(good: Recipe) -> None:
    lasts = timedelta(days=1825, seconds=1)
    profile = replace(SERVER, longest_lifetime=timedelta(days=3650))
    assert rules_broken(replace(good, lasts=lasts).baked(), good.ca, profile) == ["validity"]
    assert rules_broken(replace(good, lasts=lasts - timedelta(seconds=1)).baked(), good.ca, profile) == []


def test_an_ocsp_signer_without_nocheck_is_found_out(shared_pki: DevPki) -> None:
    ca = shared_pki.authority("ocsp")
    signer = Recipe(ca).but(purpose=_purposes(ExtendedKeyUsageOID.OCSP_SIGNING))
    assert rules_broken(signer.baked(), ca, OCSP) == ["ocsp-no-check"]
    assert (
        rules_broken(
            signer.but(purpose=_purposes(ExtendedKeyUsageOID.OCSP_SIGNING), extra=(x509.OCSPNoCheck(), False)).baked(),
            ca,
            OCSP,
        )
        == []
    )


def test_a_certificate_meets_no_profile_but_its_own_purposes(shared_pki: DevPki) -> None:
    """Profiles with the same issuer and purpose differ in what else they ask for; the others refuse each other."""
    for profile in LEAF_PROFILES:
        issued = shared_pki.issue(profile.name, f"judged-{profile.name}", dns=["localhost"])
        ca = shared_pki.authority(profile.issuing_ca)
        meets = {other.name for other in LEAF_PROFILES if not rules_broken(issued.certificate, ca, other)}
        assert profile.name in meets
        assert {other.purpose for other in LEAF_PROFILES if other.name in meets} == {profile.purpose}


def test_a_draft_is_judged_by_everything_but_its_signature() -> None:
    assert set(RULES) - set(DRAFT_RULES) == {RULES[-1]}
    assert RULES[-1].__name__ == "signature"


def test_a_finding_stops_the_ca_and_is_carried_along(shared_pki: DevPki) -> None:
    history = shared_pki.directory / "gateway-servers" / "history"
    before = set(history.iterdir())
    with pytest.raises(ProfileBroken) as refused:
        shared_pki.issue("gateway-server", "two-faults", dns=["www.bank.lv"], lifetime=timedelta(days=91))
    assert [finding.rule for finding in refused.value.findings] == ["validity", "permitted-names"]
    assert set(history.iterdir()) == before


labels = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)


@given(
    front=st.lists(labels, max_size=3),
    last=st.one_of(labels, st.sampled_from(["localhost", "test", "xtest", "localhost-x"])),
)
def test_a_host_is_permitted_exactly_below_the_permitted_subtrees(front: list[str], last: str) -> None:
    certificate = _Named(".".join([*front, last]))
    found = list(_permitted_names(certificate))
    assert bool(found) == (last not in {"localhost", "test"})


@given(
    address=st.one_of(st.ip_addresses(), st.ip_addresses(network="126.0.0.0/7"), st.just(ipaddress.ip_address("::1")))
)
def test_an_address_is_permitted_exactly_in_the_permitted_networks(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    inside = str(address).startswith("127.") or str(address) == "::1"
    assert bool(list(_permitted_names(_Named(address)))) == (not inside)


class _Named:
    """Just enough of a certificate for one rule, so that thousands of names cost no signatures."""

    def __init__(self, host: str | ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
        name = x509.DNSName(host) if isinstance(host, str) else x509.IPAddress(host)
        extension = x509.SubjectAlternativeName([name])
        self.extensions = x509.Extensions([x509.Extension(extension.oid, False, extension)])


class _Limiting:
    def __init__(self) -> None:
        networks = (ipaddress.ip_network(each) for each in ("127.0.0.0/8", "::1/128"))
        subtrees = [x509.DNSName("localhost"), x509.DNSName("test"), *(x509.IPAddress(network) for network in networks)]
        limits = x509.NameConstraints(subtrees, None)
        self.extensions = x509.Extensions([x509.Extension(limits.oid, True, limits)])


def _permitted_names(certificate: _Named) -> Iterable[str]:
    (rule,) = (rule for rule in RULES if rule.__name__ == "permitted_names")
    return rule(certificate, SERVER, _Limiting())


# DER, just enough to spoil it


def _content(element: bytes) -> bytes:
    start = 2 + (element[1] & 0x7F if element[1] & 0x80 else 0)
    return element[start:]


def _elements(content: bytes) -> list[bytes]:
    elements = []
    while content:
        long_form = content[1] & 0x7F if content[1] & 0x80 else 0
        length = int.from_bytes(content[2 : 2 + long_form]) if long_form else content[1]
        end = 2 + long_form + length
        elements.append(content[:end])
        content = content[end:]
    return elements


def _wrapped(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 0x80:
        return bytes([tag, length]) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8)
    return bytes([tag, 0x80 | len(octets)]) + octets + content


def _sequence(elements: list[bytes]) -> bytes:
    return _wrapped(0x30, b"".join(elements))
