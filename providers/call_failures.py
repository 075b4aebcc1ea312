"""Why a call to a provider brought no usable answer, and what was exchanged until then."""

import ssl
import time
from enum import StrEnum
from typing import Final

from providers.contract import BackChannelExchange
from providers.tls_context import Call

NOT_KEPT: Final = b"(not kept)"
"""Stands in evidence for a password or token that we presented."""


class Failure(StrEnum):
    """Why a call brought no usable answer."""

    TIMED_OUT = "timed_out"
    UNREACHABLE = "unreachable"
    TLS_REFUSED = "tls_refused"
    WRONG_PIN = "wrong_pin"
    TRUST_UNREADABLE = "trust_unreadable"
    REDIRECTED = "redirected"
    TOO_LARGE = "too_large"
    ENCODED = "encoded"
    LEFT_ALONE = "left_alone"
    BUSY = "busy"


class TransportError(Exception):
    """A call brought no usable answer."""

    def __init__(self, failure: Failure, detail: str, exchange: BackChannelExchange) -> None:
        """Say which failure, in a sentence for the operator, with what was exchanged."""
        super().__init__(f"{failure}: {detail}")
        self.failure = failure
        self.detail = detail
        self.exchange = exchange


def failed(failure: Failure, detail: str, call: Call, *, status: int | None = None) -> TransportError:
    """The error for a call that ends here; ``status`` where one came."""
    return TransportError(failure, detail, exchange_of(call, status, b""))


def failed_by(error: Exception, call: Call) -> TransportError:
    """The error for a call that a lower layer gave up."""
    failure = _classify(call, error)
    return failed(failure, _describe(failure, error), call)


def _classify(call: Call, error: Exception) -> Failure:
    if call.wrong_pin:
        return Failure.WRONG_PIN
    if call.deadline <= time.monotonic() or cause_of(error, TimeoutError) is not None:
        return Failure.TIMED_OUT
    if cause_of(error, ssl.SSLError) is not None:
        return Failure.TLS_REFUSED
    return Failure.UNREACHABLE


def _describe(failure: Failure, error: Exception) -> str:
    """What OpenSSL says of a refusal; nothing else of the error, as it may quote the address asked for."""
    refusal = cause_of(error, ssl.SSLError)
    if failure is Failure.TLS_REFUSED and isinstance(refusal, ssl.SSLError):
        return f"no mutual TLS: {getattr(refusal, 'verify_message', None) or refusal.reason or 'handshake failed'}"
    return f"no answer ({type(error).__name__})"


def cause_of(error: BaseException, *kinds: type[BaseException]) -> BaseException | None:
    """The first error of one of ``kinds`` among an error, its arguments and what caused it."""
    seen: list[BaseException] = [error]
    for one in seen:
        if isinstance(one, kinds):
            return one
        nearby = (*one.args, one.__cause__, one.__context__, getattr(one, "reason", None))
        seen.extend(found for found in nearby if isinstance(found, BaseException) and found not in seen)
    return None


def exchange_of(call: Call, status: int | None, received: bytes) -> BackChannelExchange:
    """A call as evidence; ``received`` is the body, empty where none came whole."""
    return BackChannelExchange(
        method=call.method,
        endpoint=call.endpoint,
        sent=bytes(call.sent).replace(call.secret, NOT_KEPT) if call.secret else bytes(call.sent),
        received=received,
        status=status,
        peer_certificate_sha256=call.peer_certificate_sha256,
        tls_version=call.tls_version,
    )
