"""Whether a revocation list is to be believed, and is newer than every one seen before (T33, T34).

OpenSSL checks a list's signature and dates but takes an old list that has not expired as gladly as a new one. Whoever
loads lists therefore asks here first, and keeps the mark of the last list it believed, durably.
"""

import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from certs.errors import FileUnusable, RevocationListRefused
from certs.files import only_writer, write_whole

LONGEST_LIFE: Final = timedelta(hours=24)
"""From thisUpdate to nextUpdate (T34)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListMark:
    """Which list was believed last."""

    number: int
    this_update: datetime
    """UTC, aware."""
    sha256: str
    """Of the whole list, lower-case hexadecimal."""


def verify_crl(
    crl: x509.CertificateRevocationList,
    *,
    issuer: x509.Certificate,
    now: datetime,
    last: ListMark | None = None,
    longest_life: timedelta = LONGEST_LIFE,
) -> ListMark:
    """The mark of a list that may be relied on; the very list that was believed last may be read again.

    Args:
        crl: the list.
        issuer: the CA whose list it must be.
        now: UTC, aware.
        last: what was believed before; None only the first time ever.
        longest_life: from thisUpdate to nextUpdate. Only the list of an offline root, which is about CAs, may last longer
            than 24 hours.

    Raises:
        RevocationListRefused: forged, of another CA, without number, not yet or no longer valid, valid for too long, or
            older than one seen before. An alarm is due for each of them.
    """
    # (1) The signature first: nothing below may look at unsigned values.
    _check_issuer(crl, issuer)
    # (2) Its own dates: hard fail, an expired list says nothing.
    _check_dates(crl, now, longest_life)
    # (3) No way back: number and date must both have risen.
    mark = mark_of(crl)
    if last is not None and mark != last:
        _check_risen(mark, last)
    return mark


def mark_of(crl: x509.CertificateRevocationList) -> ListMark:
    """What identifies a list.

    Raises:
        RevocationListRefused: it has no number.
    """
    try:
        number = crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    except x509.ExtensionNotFound as error:
        raise RevocationListRefused(f"the list of {_issuer_name(crl)} has no number") from error
    return ListMark(number=number, this_update=crl.last_update_utc, sha256=crl.fingerprint(hashes.SHA256()).hex())


def is_ageing(crl: x509.CertificateRevocationList, now: datetime) -> bool:
    """Whether half of the list's life is over without a new one: time for an alarm (security.md section 7)."""
    ends = crl.next_update_utc
    return ends is None or now >= crl.last_update_utc + (ends - crl.last_update_utc) / 2


def _check_issuer(crl: x509.CertificateRevocationList, issuer: x509.Certificate) -> None:
    if crl.issuer != issuer.subject:
        raise RevocationListRefused(f"the list is of {_issuer_name(crl)}, not of {issuer.subject.rfc4514_string()}")
    key = issuer.public_key()
    try:
        genuine = crl.is_signature_valid(key)  # type: ignore[arg-type]  # other key kinds raise TypeError, caught below
    except TypeError:
        genuine = False
    if not genuine:
        raise RevocationListRefused(f"the list of {_issuer_name(crl)} is not signed by its key")


def _check_dates(crl: x509.CertificateRevocationList, now: datetime, longest_life: timedelta) -> None:
    begins, ends = crl.last_update_utc, crl.next_update_utc
    if begins > now:
        raise RevocationListRefused(
            f"the list of {_issuer_name(crl)} is dated {begins:%Y-%m-%d %H:%M:%S} UTC, later than now"
        )
    if ends is None or ends - begins > longest_life:
        hours = round(longest_life.total_seconds() / 3600)
        raise RevocationListRefused(f"the list of {_issuer_name(crl)} lasts longer than {hours} hours")
    if ends <= now:
        raise RevocationListRefused(f"the list of {_issuer_name(crl)} expired at {ends:%Y-%m-%d %H:%M:%S} UTC")


def _check_risen(mark: ListMark, last: ListMark) -> None:
    if mark.number <= last.number or mark.this_update <= last.this_update:
        raise RevocationListRefused(
            f"list {mark.number} of {mark.this_update:%Y-%m-%d %H:%M:%S} UTC is not newer than list {last.number} of "
            f"{last.this_update:%Y-%m-%d %H:%M:%S} UTC, which was seen before"
        )


def _issuer_name(crl: x509.CertificateRevocationList) -> str:
    return crl.issuer.rfc4514_string()


class SeenLists:
    """The marks of the lists believed last, one per issuer and place, in a file that outlives the process."""

    def __init__(self, path: Path) -> None:
        """``path`` is made with the first list; losing it would allow one rollback."""
        self._path = path

    def accept(
        self,
        crl: x509.CertificateRevocationList,
        *,
        issuer: x509.Certificate,
        now: datetime,
        place: str = "",
        longest_life: timedelta = LONGEST_LIFE,
    ) -> ListMark:
        """Believe a list and remember it, durably, before anyone relies on it.

        Args:
            crl: the list.
            issuer: the CA whose list it must be.
            now: UTC, aware.
            place: where the list was found, for a CA that publishes several, each with numbers of its own.
            longest_life: as for ``verify_crl``.

        Raises:
            RevocationListRefused: as ``verify_crl``; the marks stay as they were.
            FileUnusable: the file of marks is garbled; it is never started afresh.
        """
        identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest.hex()
        issuer_id = f"{identifier} {place}" if place else identifier
        with only_writer(self._path.with_name(f".{self._path.name}.lock")):
            marks = self._read()
            mark = verify_crl(crl, issuer=issuer, now=now, last=marks.get(issuer_id), longest_life=longest_life)
            if marks.get(issuer_id) != mark:
                self._write({**marks, issuer_id: mark})
        return mark

    def _read(self) -> dict[str, ListMark]:
        if not self._path.exists():
            return {}
        try:
            stored = json.loads(self._path.read_bytes())
            return {issuer_id: _parse_mark(mark) for issuer_id, mark in stored.items()}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise FileUnusable(f"{self._path} is garbled; restore it, so that no old list is believed") from error

    def _write(self, marks: dict[str, ListMark]) -> None:
        stored = {
            issuer_id: {**asdict(mark), "this_update": mark.this_update.isoformat()}
            for issuer_id, mark in marks.items()
        }
        write_whole(self._path, json.dumps(stored, indent=1).encode())


def _parse_mark(stored: dict[str, str]) -> ListMark:
    return ListMark(
        number=int(stored["number"]),
        this_update=datetime.fromisoformat(stored["this_update"]),
        sha256=stored["sha256"],
    )
