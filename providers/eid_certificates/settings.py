"""The settings by which people's certificates are judged, and their opening; everything is read here, once."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final, Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID
from pydantic import AfterValidator, Field, StringConstraints, ValidationInfo

from certs.errors import FileUnusable
from certs.load import load_certificate
from certs.revocation import SeenLists
from providers.eid_certificates.anchors import Anchors, IssuingCa, is_for_tests, signed_by, unfit
from providers.eid_certificates.judge import CertificateJudge
from providers.eid_certificates.lists import RevocationLists
from providers.eid_certificates.ocsp import ResponderRules
from providers.eid_certificates.revocation import RevocationCheck
from providers.eid_certificates.rules import LATVIAN_REFUSED, MOBILE_ID_ARCS, CertificateRules
from providers.personal_code import CodeStructure
from providers.plain_http import PlainHttp, plain_origin
from providers.protocol import Clock
from providers.settings import Frozen, SettingsFile

A_DAY: Final = timedelta(days=1)
LIFE_OF_AN_OFFLINE_LIST: Final = timedelta(days=400)


def _plain_address(url: str) -> str:
    plain_origin(url)
    return url


def _list_address(url: str) -> str:
    if not _plain_address(url).endswith("/") or "?" in url:
        raise ValueError("the address must be a folder and end in /")
    return url


def _beside_the_settings(path: Path, info: ValidationInfo) -> Path:
    return Path(info.context["base"]) / path if info.context else path


PlainOrigin = Annotated[str, AfterValidator(plain_origin)]
PlainAddress = Annotated[str, AfterValidator(_plain_address)]
ListAddress = Annotated[str, AfterValidator(_list_address)]
OwnFile = Annotated[Path, AfterValidator(_beside_the_settings)]
"""A path relative to the settings file's folder; the file is made when it is first needed."""
Oid = Annotated[str, StringConstraints(pattern=r"^[0-2](\.(0|[1-9][0-9]{0,38}))+$")]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]


class AnchorEntry(Frozen):
    """A certificate authority whose people are let in."""

    file: SettingsFile
    above: SettingsFile | None = None
    """Who issued that authority and lists it when it is revoked; none for a root."""


class OcspEntry(Frozen):
    """Who is asked whether a certificate is revoked."""

    responders: Annotated[tuple[PlainOrigin, ...], Field(min_length=1)]
    """``http://host[:port]``; no other address in a certificate is ever called (8.5)."""
    designated: PlainAddress | None = None
    """Asked instead of the addresses in certificates; its origin must be one of ``responders``."""
    nonce_free: tuple[PlainOrigin, ...] = ()
    """Responders that never echo a nonce."""
    max_age_seconds: Annotated[int, Field(ge=1, le=600)] = 120
    """How long ago an answer may have been made."""
    digest: Literal["sha256", "sha1"] = "sha256"
    """Names the issuer in questions; ``sha1`` only for a responder that knows no other."""
    certificates: tuple[SettingsFile, ...] = ()
    """Responders' certificates, where answers bring none along."""


class ListsEntry(Frozen):
    """Where revocation lists are fetched from when no responder answers, and those about the authorities always."""

    addresses: Annotated[tuple[ListAddress, ...], Field(min_length=1)]
    """How the address of a list in a certificate must begin: ``http://host/folder/``."""
    seen: OwnFile
    """Where the newest list of each address is remembered, so that a restart takes no older one (T34)."""
    refresh_seconds: Annotated[int, Field(ge=1, le=86_400)] = 900
    longest_hours: Annotated[int, Field(ge=1, le=168)] = 24
    """From a list's thisUpdate to its nextUpdate."""


class EidCertificateSettings(Frozen):
    """By what people's certificates are judged."""

    anchors: Annotated[tuple[AnchorEntry, ...], Field(min_length=1)]
    policies: Annotated[tuple[Oid, ...], Field(min_length=1)]
    """One of these must stand in a certificate (8.2)."""
    refused_policies: tuple[Oid, ...] = (*MOBILE_ID_ARCS, *LATVIAN_REFUSED)
    purposes: Annotated[tuple[Oid, ...], Field(min_length=1)] = (ExtendedKeyUsageOID.CLIENT_AUTH.dotted_string,)
    """One of these extended key usages must stand there."""
    require_eku: bool = True
    countries: Annotated[tuple[Country, ...], Field(min_length=1)] = ("LV",)
    """Whose personal codes are taken."""
    ocsp: OcspEntry
    lists: ListsEntry | None = None


def open_certificate_judge(
    settings: EidCertificateSettings,
    *,
    environment: str,
    structure: CodeStructure,
    clock: Clock,
    problems: list[str],
) -> CertificateJudge | None:
    """A judge by these settings; None, and a sentence in ``problems`` for each reason, where there can be none.

    Args:
        settings: as read.
        environment: ``test`` or ``production``.
        structure: see ``person_in``.
        clock: UTC, aware.
        problems: of the whole entry.
    """
    found: list[str] = []
    authorities = [_authority(entry, found, production=environment == "production") for entry in settings.anchors]
    known = [_certificate(path, "ocsp.certificates", found) for path in settings.ocsp.certificates]
    found.extend(_contradictions(settings, production=environment == "production"))
    problems.extend(f"certificates.{problem}" for problem in found)
    if found:
        return None
    return CertificateJudge(
        rules=_rules(settings),
        anchors=Anchors([one for one in authorities if one is not None]),
        revocation=_revocation(settings, tuple(one for one in known if one is not None), clock),
        clock=clock,
        countries=frozenset(settings.countries),
        structure=structure,
    )


def _rules(settings: EidCertificateSettings) -> CertificateRules:
    return CertificateRules(
        policies=frozenset(settings.policies),
        refused_policies=settings.refused_policies,
        purposes=frozenset(settings.purposes),
        require_purpose=settings.require_eku,
    )


def _authority(entry: AnchorEntry, problems: list[str], *, production: bool) -> IssuingCa | None:
    certificate = _certificate(entry.file, "anchors", problems)
    above = _certificate(entry.above, "anchors", problems) if entry.above is not None else None
    if certificate is None:
        return None
    why = unfit(certificate)
    if why is not None:
        problems.append(f"anchors: {entry.file.name} {why}")
    if production and is_for_tests(certificate):
        problems.append(f"anchors: {entry.file.name} says that it is for tests; production takes none such")
    is_root = signed_by(certificate, certificate)
    if above is not None and not signed_by(certificate, above):
        problems.append(f"anchors: {entry.file.name} was not issued by the authority in 'above'")
    if production and above is None and not is_root:
        problems.append(f"anchors: {entry.file.name} needs 'above', or nobody would notice that it is revoked")
    return IssuingCa(certificate=certificate, above=above)


def _certificate(path: Path, where: str, problems: list[str]) -> x509.Certificate | None:
    try:
        return load_certificate(path)
    except FileUnusable as error:
        problems.append(f"{where}: {error}")
        return None


def _contradictions(settings: EidCertificateSettings, *, production: bool) -> list[str]:
    ocsp, problems = settings.ocsp, []
    if ocsp.designated is not None and plain_origin(ocsp.designated) not in ocsp.responders:
        problems.append("ocsp.designated: its server must be one of ocsp.responders")
    problems.extend(
        f"ocsp.nonce_free: {one} must be one of ocsp.responders"
        for one in ocsp.nonce_free
        if one not in ocsp.responders
    )
    if settings.lists is None and (production or any(entry.above is not None for entry in settings.anchors)):
        problems.append("lists: must say where revocation lists are, those about the authorities at least")
    return problems


def _revocation(settings: EidCertificateSettings, known: tuple[x509.Certificate, ...], clock: Clock) -> RevocationCheck:
    ocsp, lists = settings.ocsp, settings.lists
    http = PlainHttp({*ocsp.responders, *(lists.addresses if lists is not None else ())})
    return RevocationCheck(
        http=http,
        responders=_responders(ocsp, known),
        clock=clock,
        designated=ocsp.designated,
        lists=_lists(lists, http, clock) if lists is not None else None,
        lists_of_authorities=_lists_of_authorities(lists, http, clock) if lists is not None else None,
        digest=hashes.SHA256() if ocsp.digest == "sha256" else hashes.SHA1(),  # noqa: S303 - names an issuer, proves nothing
    )


def _responders(ocsp: OcspEntry, known: tuple[x509.Certificate, ...]) -> Mapping[str, ResponderRules]:
    return {
        origin: ResponderRules(
            oldest=timedelta(seconds=ocsp.max_age_seconds), echoes_nonce=origin not in ocsp.nonce_free, known=known
        )
        for origin in ocsp.responders
    }


def _lists(entry: ListsEntry, http: PlainHttp, clock: Clock) -> RevocationLists:
    return RevocationLists(
        http,
        entry.addresses,
        SeenLists(entry.seen),
        clock,
        refresh=timedelta(seconds=entry.refresh_seconds),
        longest_life=timedelta(hours=entry.longest_hours),
    )


def _lists_of_authorities(entry: ListsEntry, http: PlainHttp, clock: Clock) -> RevocationLists:
    """Asked once a day; an offline root signs its list seldom (8.4 rule 10)."""
    return RevocationLists(
        http, entry.addresses, SeenLists(entry.seen), clock, refresh=A_DAY, longest_life=LIFE_OF_AN_OFFLINE_LIST
    )
