"""From a settings entry to a live provider; every file is read here, once."""

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from certs.errors import CertificateError
from providers.eid_certificates.settings import open_certificate_judge
from providers.protocol import Clock, ProviderProtocol
from providers.settings import InvalidProviderSettings, read_entry, shared_problems
from providers.smart_id.adapter import SmartIdProvider
from providers.smart_id.dialogue import Dialogue
from providers.smart_id.judging import Judge
from providers.smart_id.profile import SmartIdProfile, SmartIdSettings, contradictions
from providers.smart_id.service import SmartIdService
from providers.smart_id.watch import Watch
from providers.tls_context import TlsFiles
from providers.transport import Transport


def open_smart_id(entry: Mapping[str, Any], base: Path, clock: Clock) -> SmartIdProvider:
    """Make a provider of a settings entry.

    Args:
        entry: as ``SmartIdSettings`` describes it.
        base: the folder that the paths in it are relative to.
        clock: UTC, aware.

    Raises:
        InvalidProviderSettings: with every problem at once: first those of form, then contradictions and files.
    """
    settings = read_entry(SmartIdSettings, entry, base)
    problems = [*shared_problems(settings), *contradictions(settings)]
    certificates = open_certificate_judge(
        settings.smart_id.certificates,
        environment=settings.environment,
        structure=settings.code_structure,
        clock=clock,
        problems=problems,
    )
    transport = _open_transport(settings.smart_id, clock, problems)
    if certificates is None or transport is None or problems:
        raise InvalidProviderSettings(settings.id, problems)
    service = SmartIdService(transport, settings.smart_id.prefix)
    watch = Watch(service.poll, threads=max(1, settings.smart_id.max_in_flight // 2))
    return SmartIdProvider(settings, service, Dialogue(settings, service, watch, clock), Judge(settings, certificates))


def _open_transport(profile: SmartIdProfile, clock: Clock, problems: list[str]) -> Transport | None:
    transport = Transport(
        profile.origin,
        TlsFiles(ca=profile.ca_file, crl=None),
        pins=frozenset(profile.pins),
        clock=clock,
        deadline=profile.deadline_seconds,
        max_in_flight=profile.max_in_flight,
    )
    try:
        transport.check_files()
    except (OSError, ssl.SSLError, CertificateError) as error:
        problems.append(f"smart_id.ca_file cannot be used: {error}")
        return None
    return transport


PROTOCOL = ProviderProtocol(name="smart_id", open=open_smart_id)
