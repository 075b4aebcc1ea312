"""A portal that somebody else's software makes: its keys, its registration, its folder."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import requests
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from certs.dev_pki import DevPki
from gateway.demo.places import Places
from tests.flows.third_party.examples import example, replaced
from tests.flows.walking import Walk

PATIENCE: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Portal:
    """One portal; ``name`` is that of its examples, ``id`` what it is registered as."""

    name: str
    id: str
    documented: str
    """Its address in the documentation."""
    port: int
    folder: Path

    @property
    def url(self) -> str:
        """Its address in this run."""
        return f"https://localhost:{self.port}"

    def example(self, places: Places, part: str, words: dict[str, str] | None = None) -> str:
        """Give one of its examples as it is used in this run; ``words`` are what else is changed."""
        changed = {**(words or {}), self.documented: self.url, f"{self.name}-portal": self.id}
        return replaced(example(f"{self.name} {part}"), changed).replace("https://localhost:8443", places.issuer)

    def make_files(self, places: Places, *, rsa_key: bool = False) -> None:
        """Make its keys and certificates, and put the public ones where the gateway's settings name them."""
        self.folder.mkdir(exist_ok=True)
        private = rsa.generate_private_key(65537, 2048) if rsa_key else ec.generate_private_key(ec.SECP256R1())
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (self.folder / "assertion.key").write_bytes(pem)
        pki = DevPki.open(places.pki)
        site = pki.issue("portal-server", f"{self.id}-site", dns=["localhost"])
        client = pki.issue("relying-party-client", f"{self.id}-client", dns=[f"{self.id}.test"])
        for issued, name in ((site, "portal"), (client, "client")):
            shutil.copy(issued.certificate_path, self.folder / f"{name}.pem")
            shutil.copy(issued.key_path, self.folder / f"{name}.key")
        shutil.copy(places.root_certificate, self.folder / "root.pem")
        registered = places.root / "gateway" / self.id
        registered.mkdir(parents=True)
        public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        for folder in (registered, self.folder):
            (folder / "assertion.pub").write_bytes(public)
        shutil.copy(client.certificate_path, registered / "client.pem")


@contextmanager
def serving(portal: Portal, command: list[str], places: Places) -> Iterator[Path]:
    """Run a portal's own program until the test is over; gives the file with what it says."""
    said = portal.folder / "said.txt"
    with said.open("ab") as log:
        process = subprocess.Popen(command, cwd=portal.folder, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        until = time.monotonic() + PATIENCE
        while not _answers(portal, places):
            assert process.poll() is None, said.read_text(errors="replace")
            assert time.monotonic() < until, said.read_text(errors="replace")
            time.sleep(0.1)
        yield said
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _answers(portal: Portal, places: Places) -> bool:
    try:
        requests.get(f"{portal.url}/", verify=str(places.root_certificate), timeout=5, allow_redirects=False)
    except requests.ConnectionError:
        return False
    return True


def sign_in_at(portal: Portal, places: Places, path: str = "/sign-in") -> Walk:
    """Walk Anna through a whole sign-in that begins at the portal's own address."""
    walk = Walk(places, start=f"{portal.url}{path}")
    walk.to_end()
    return walk
