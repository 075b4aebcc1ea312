"""Where an application finds the client's certificate, and nowhere else (security.md T30, T31).

Headers that could be taken for it are removed on every port, in every spelling, so that no application and no library
under it can believe one.
"""

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

CLIENT_CERTIFICATE: Final = "vpm.client_certificate"
"""The environ key: the client's leaf certificate as DER bytes. Absent where no certificate was verified."""

_FROM_OUTSIDE: Final = ("HTTP_", "SSL_", "TLS_")
_CLAIM: Final = re.compile(r"CERT|SSL|TLS|XFCC|(CLIENT|PEER|SUBJECT|ISSUER)\W?(S\W)?(DN|VERIF)|REMOTE\W?USER")


@lru_cache(maxsize=4096)
def claims_an_identity(key: str) -> bool:
    """Whether an environ key could be taken for a statement about who the client is."""
    return key.startswith(_FROM_OUTSIDE) and _CLAIM.search(key.replace("_", "-")) is not None


def set_client_certificate(environ: "WSGIEnvironment", certificate: bytes | None) -> None:
    """Make the environ say this about the client's certificate, and nothing else."""
    for key in [key for key in environ if claims_an_identity(key)]:
        del environ[key]
    environ.pop("REMOTE_USER", None)
    environ.pop(CLIENT_CERTIFICATE, None)
    if certificate is not None:
        environ[CLIENT_CERTIFICATE] = certificate
