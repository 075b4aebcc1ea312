"""The portal's only way out: HTTPS to the gateway, with the portal's certificate, trusting one CA file.

No redirects, no proxies, no cookies kept; at most 1 MiB and 10 seconds an answer. A renewed certificate, CA file or
revocation list is taken up at the next call; the portal need not be started again.
"""

import io
import logging
import ssl
import time
from collections.abc import Mapping
from threading import Lock
from typing import Any, Final, TypeVar

import requests
from requests.adapters import HTTPAdapter

from portals.errors import GatewayMisconfigured, GatewayUnavailable
from portals.settings import GatewaySettings

log = logging.getLogger(__name__)

SessionT = TypeVar("SessionT", bound=requests.Session)

LARGEST_ANSWER: Final = 1024 * 1024
SILENCE: Final = 5.0
"""Seconds without a byte after which a call is given up."""
DEADLINE: Final = 10.0
"""Seconds after which an answer that still arrives is given up."""


class GatewayAdapter(HTTPAdapter):
    """A connection pool with one TLS context, made once; every answer is read under a size and a time limit."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__(pool_connections=4, pool_maxsize=16)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        kwargs["timeout"] = SILENCE
        response = super().send(request, *args, **{**kwargs, "stream": True})
        response.raw = io.BytesIO(_read(response, until=time.monotonic() + DEADLINE))
        return response


def _read(response: requests.Response, *, until: float) -> bytes:
    body = bytearray()
    for chunk in response.raw.stream(16 * 1024, decode_content=True):
        body += chunk
        if len(body) > LARGEST_ANSWER or time.monotonic() > until:
            response.raw.close()
            raise GatewayUnavailable("the gateway's answer is too long or too slow")
    return bytes(body)


def tls_context(settings: GatewaySettings) -> ssl.SSLContext:
    """A context that trusts only the gateway's CA file and shows the portal's certificate to whoever asks for one.

    An issuing CA in the file is a trust anchor by itself (partial chain), so the root need not vouch for others.
    """
    context = ssl.create_default_context(cafile=str(settings.ca_file))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if settings.crl_file is not None:
        context.load_verify_locations(str(settings.crl_file))
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    context.load_cert_chain(str(settings.tls_certificate), str(settings.tls_key))
    return context


class BackChannel:
    """Calls from the portal to the gateway, over one shared connection pool.

    Raises:
        OSError: a certificate, key, CA file or revocation list cannot be used.
    """

    def __init__(self, settings: GatewaySettings) -> None:
        self._settings = settings
        self._lock = Lock()
        self._made_from = self._files()
        self._adapter = GatewayAdapter(tls_context(settings))

    def equip(self, session: SessionT) -> SessionT:
        """The same session, from now on bound to the shared pool, to our CA file and to no environment settings."""
        session.trust_env = False
        session.verify = str(self._settings.ca_file)  # else requests adds its own bundle of public CAs to the context
        session.adapters.clear()
        session.mount("https://", self._current_adapter())
        return session

    def _files(self) -> tuple[int, ...]:
        """When each file was last written, in nanoseconds."""
        named = (
            self._settings.ca_file,
            self._settings.crl_file,
            self._settings.tls_certificate,
            self._settings.tls_key,
        )
        return tuple(path.stat().st_mtime_ns for path in named if path is not None)

    def _current_adapter(self) -> GatewayAdapter:
        with self._lock:
            try:
                self._renew()
            except OSError as error:  # half-written files: go on with the earlier ones and look again at the next call
                log.warning("back-channel.files-unusable: %s", type(error).__name__)
            return self._adapter

    def _renew(self) -> None:
        found = self._files()
        if found == self._made_from:
            return
        earlier, self._adapter = self._adapter, GatewayAdapter(tls_context(self._settings))
        self._made_from = found
        earlier.close()

    def fetch_json(self, url: str) -> Mapping[str, Any]:
        """The JSON object at an https address of the gateway.

        Raises:
            GatewayUnavailable: no trusted connection, no answer in time, or an answer that says it cannot serve.
            GatewayMisconfigured: the answer is not a JSON object, or is a redirect.
        """
        try:
            session = self.equip(requests.Session())
            response = session.get(url, allow_redirects=False, headers={"Accept": "application/json"})
        except requests.RequestException as error:
            raise GatewayUnavailable(f"no answer from the gateway ({type(error).__name__})") from error
        return _json_object(response)

    def close(self) -> None:
        """Let go of every connection."""
        self._adapter.close()


def _json_object(response: requests.Response) -> Mapping[str, Any]:
    if response.status_code >= 500:
        raise GatewayUnavailable(f"the gateway answered {response.status_code}")
    if response.status_code != 200:
        raise GatewayMisconfigured(f"the gateway answered {response.status_code} to a public document")
    try:
        document = response.json()
    except ValueError as error:
        raise GatewayMisconfigured("the gateway published something that is not JSON") from error
    if not isinstance(document, dict):
        raise GatewayMisconfigured("the gateway published JSON that is not an object")
    return document
