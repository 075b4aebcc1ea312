"""One extension of a certificate."""

from typing import TypeVar

from cryptography import x509

_Extension = TypeVar("_Extension", bound=x509.ExtensionType)


def extension_of(certificate: x509.Certificate, kind: type[_Extension]) -> x509.Extension[_Extension] | None:
    """The extension of that kind, or None where there is none."""
    try:
        return certificate.extensions.get_extension_for_class(kind)
    except x509.ExtensionNotFound:
        return None
