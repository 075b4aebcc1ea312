"""What a hierarchy was made with, kept beside it."""

import ipaddress
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from cryptography import x509

from certs.build import alternative_names
from certs.errors import OrderRefused, PkiMissing
from certs.files import write_whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where a hierarchy publishes, and the only names it may issue for."""

    base_url: str = "http://localhost:8480/pki"
    """Where certificates say that lists and CA certificates are. The demo's peers read the files instead."""
    permitted_dns: tuple[str, ...] = ("localhost", "test", "example", "internal")
    """DNS subtrees; none of the default ones is on the public internet (RFC 6761, RFC 2606)."""
    permitted_ip: tuple[str, ...] = ("127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
    """Networks; the default ones are this machine and private networks."""

    def __post_init__(self) -> None:
        """Refuse what could limit nothing, before anything is made.

        Raises:
            OrderRefused: a subtree or network is none, or a kind has none at all, which would permit every name.
        """
        if not (self.permitted_dns and self.permitted_ip):
            raise OrderRefused("permit at least one DNS subtree and one network; none at all would permit every name")
        alternative_names(dns=self.permitted_dns)
        for network in self.permitted_ip:
            _check_network(network)

    @property
    def permitted(self) -> tuple[x509.GeneralName, ...]:
        """The subtrees as name constraints hold them."""
        networks = (x509.IPAddress(ipaddress.ip_network(network)) for network in self.permitted_ip)
        return (*(x509.DNSName(subtree) for subtree in self.permitted_dns), *networks)


def _check_network(text: str) -> None:
    try:
        ipaddress.ip_network(text)
    except ValueError as error:
        raise OrderRefused(f"{text!r} is no network that certificates could be permitted for") from error


def keep_or_compare(path: Path, wanted: Settings | None) -> Settings:
    """The settings of the hierarchy: those there are, else ``wanted``, else the default ones, kept from now on.

    Raises:
        PkiMissing: there are some, and others are wanted.
    """
    if not path.exists():
        write_whole(path, json.dumps(asdict(wanted or Settings()), indent=1).encode())
    kept = read_settings(path)
    if wanted not in {None, kept}:
        raise PkiMissing(f"{path.parent} holds a hierarchy with other settings; remove it or choose another directory")
    return kept


def read_settings(path: Path) -> Settings:
    """The settings in a file.

    Raises:
        PkiMissing: there is no such file, or it is garbled.
    """
    try:
        stored = json.loads(path.read_bytes())
        return Settings(
            base_url=stored["base_url"],
            permitted_dns=tuple(stored["permitted_dns"]),
            permitted_ip=tuple(stored["permitted_ip"]),
        )
    except FileNotFoundError as error:
        raise PkiMissing(f"there is no hierarchy in {path.parent}; run: vpm pki init") from error
    except (ValueError, KeyError, TypeError) as error:
        raise PkiMissing(f"{path} is garbled; remove {path.parent} and run: vpm pki init") from error
