"""Messages as form fields beside a signature over their values (banklink.md section 4)."""

from collections.abc import Mapping
from datetime import datetime

from providers.banklink.checks import AUTHENTICITY_CHECKS, Reading
from providers.banklink.mac import mac_string, sign_mac
from providers.banklink.messages import Says
from providers.banklink.parse import RawForm, charset_of, decode_answer
from providers.banklink.profile import OpenProfile, python_charset
from providers.errors import AssertionRejected
from providers.refusals import Reason

REQUEST_CHARSET = "UTF-8"
"""Always, whatever the bank answers in (rule 17)."""


class MacCodec:
    """Writes and reads the messages of one bank; threads may share it."""

    def __init__(self, profile: OpenProfile) -> None:
        self._profile = profile

    def write(self, stated: Mapping[Says, str]) -> tuple[tuple[str, str], ...]:
        """The request's fields, signed where the dialect signs requests."""
        request = self._profile.request
        signed = tuple((field.name, stated[field.says]) for field in request.signed)
        unsigned = (field for field in request.unsigned if field.says is not Says.SIGNATURE)
        return (
            *signed,
            *self._signature([value for _, value in signed]),
            *self._charset(),
            *((field.name, stated[field.says]) for field in unsigned),
        )

    def read(self, form: RawForm, received_at: datetime) -> Reading:
        """Steps 2 to 7; where the profile names a fallback charset, that one counts if the signature verifies in it.

        Raises:
            AssertionRejected: the first check that fails.
        """
        try:
            return self._read(form, charset_of(form, self._profile), received_at)
        except AssertionRejected as refusal:
            fallback = self._profile.settings.fallback_charset
            if fallback is None or refusal.reason not in {Reason.MALFORMED, Reason.BAD_SIGNATURE}:
                raise
            try:
                return self._read(form, python_charset(fallback), received_at)
            except AssertionRejected:
                raise refusal from None

    def _read(self, form: RawForm, charset: str, received_at: datetime) -> Reading:
        fields = decode_answer(form, self._profile, charset)
        reading = Reading(fields=fields, profile=self._profile, received_at=received_at)
        for check in AUTHENTICITY_CHECKS:
            check(reading)
        return reading

    def _signature(self, values: list[str]) -> tuple[tuple[str, str], ...]:
        name, key = self._profile.request.names.get(Says.SIGNATURE), self._profile.partner_key
        if name is None or key is None:
            return ()
        settings = self._profile.settings
        text = mac_string(values, unit=settings.length_unit, charset=REQUEST_CHARSET)
        return ((name, sign_mac(text, key, hash_name=settings.hash, charset=REQUEST_CHARSET)),)

    def _charset(self) -> tuple[tuple[str, str], ...]:
        field = self._profile.settings.charset_field
        return () if field is None else ((field, REQUEST_CHARSET),)
