"""The demo's processes: started together, waited for, stopped together."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import requests

from gateway.demo.places import Places

START_LIMIT = 60.0
"""Seconds for every part to become ready."""


class PartFailed(Exception):
    """A part ended, or did not become ready; the message says where its log is."""


def refuse_taken_ports(places: Places) -> None:
    """See that nobody else listens where the demo will.

    Raises:
        PartFailed: naming the ports; another demo's parts would answer in our parts' place.
    """
    taken = [str(port) for port in places.ports if _is_taken(port)]
    if taken:
        raise PartFailed(f"in use already: port {', '.join(taken)}; stop what listens there, or choose --first-port")


def _is_taken(port: int) -> bool:
    with socket.socket() as line:
        return line.connect_ex(("127.0.0.1", port)) == 0


class Parts:
    """The gateway, the mock bank and the auction portal, each its own process with its own log file."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        """Start everything and wait until it is ready.

        Raises:
            PartFailed: a part does not come up.
        """
        try:
            self._start("bank", ["bank", "serve"])
            self._start("gateway", ["gateway", "serve"])
            self._start("auctions", ["portal", "auctions", "serve"])
            for part, url in self._readiness():
                self._wait(part, url)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop everything."""
        self._stop()

    def wait(self) -> None:
        """Stay until a part ends.

        Raises:
            PartFailed: a part ended by itself.
        """
        while True:
            time.sleep(1)
            for part, process in self._running.items():
                if process.poll() is not None:
                    raise PartFailed(f"{part} ended with code {process.returncode}; see {self.log(part)}")

    def reload(self) -> None:
        """Let the gateway take up renewed certificates."""
        self._running["gateway"].send_signal(signal.SIGHUP)

    def log(self, part: str) -> Path:
        """Give the file where a part's output stands."""
        return self.places.root / part / f"{part}.log"

    def _start(self, part: str, arguments: Sequence[str]) -> None:
        command = [sys.executable, "-m", "vpm", *arguments, "--config", str(self.places.settings(part))]
        with self.log(part).open("ab") as log:
            self._running[part] = subprocess.Popen(  # noqa: S603 - our own command, no shell
                command,
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # a terminal's Ctrl-C reaches us alone, and each part is told once
            )

    def _readiness(self) -> Sequence[tuple[str, str]]:
        places = self.places
        return (
            ("bank", f"{places.bank}/ready"),
            ("gateway", f"{places.issuer}/readyz"),
            ("gateway", f"{places.mutual_tls}/readyz"),
            ("gateway", f"{places.cards}/readyz"),
            ("auctions", f"{places.auctions}/health/ready"),
        )

    def _wait(self, part: str, url: str) -> None:
        deadline = time.monotonic() + START_LIMIT
        with requests.Session() as session:
            session.trust_env = False
            session.verify = str(self.places.root_certificate)
            if url.startswith(self.places.mutual_tls):  # the card port takes cards, and no other certificate
                portal = self.places.pki / "issued" / "auctions-client"
                session.cert = (str(portal / "certificate.pem"), str(portal / "key.pem"))
            while time.monotonic() < deadline:
                if self._running[part].poll() is not None:
                    break
                if _answers(session, url):
                    return
                time.sleep(0.1)
        raise PartFailed(f"{part} did not become ready; see {self.log(part)}")

    def _stop(self) -> None:
        for process in self._running.values():
            process.send_signal(signal.SIGTERM)
        for process in self._running.values():
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _answers(session: requests.Session, url: str) -> bool:
    try:
        return session.get(url, timeout=5).status_code == 200
    except requests.RequestException:
        return False
