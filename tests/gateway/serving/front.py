"""Runs the documented nginx configuration as an ordinary process, in a directory of its own."""

import os
import re
import shutil
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from certs.dev_pki import DevPki
from tests.gateway.serving.ports import ROOT, Server, free_port

DEPLOYMENT = ROOT / "docs" / "deployment"
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def start_nginx(home: Path, pki: DevPki) -> tuple[Server, Server]:
    """The public port and the relying parties' port of one nginx; its sockets are in ``home``."""
    binary = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    assert binary, "nginx is missing: install the Debian package nginx-light"
    public, mutual = free_port(), free_port()
    configuration = home / "nginx.conf"
    configuration.write_text(placed(home, pki, public, mutual))
    shutil.copy(DEPLOYMENT / "client-cert.conf", home)
    directives = "daemon off;" + (" user root;" if os.geteuid() == 0 else "")
    log = home / "nginx.log"
    with log.open("wb") as output:
        process = subprocess.Popen([binary, "-p", home, "-c", configuration, "-g", directives], stderr=output)
    servers = (Server(process, ("127.0.0.1", public), log), Server(process, ("127.0.0.1", mutual), log))
    for server in servers:
        server.wait_until_listening()
    return servers


def placed(home: Path, pki: DevPki, public: int, mutual: int) -> str:
    """The documented text with our paths and ports; nothing else is changed."""
    gateway = pki.find("gateway")
    text = (DEPLOYMENT / "nginx.conf").read_text()
    for there, here in {
        "/etc/vpm/gateway/certificate.pem": gateway.certificate_path,
        "/etc/vpm/gateway/key.pem": gateway.key_path,
        "/etc/vpm/relying-parties/ca.pem": pki.ca_path("relying-parties"),
        "/etc/vpm/root/ca.pem": pki.root_path,
        "/etc/vpm/nginx": home,
        "/run/vpm": home,
        "/var/log/vpm": home,
        "listen 8443": f"listen 127.0.0.1:{public}",
        "listen 8444": f"listen 127.0.0.1:{mutual}",
    }.items():
        assert there in text
        text = text.replace(there, str(here))
    scratch = "".join(f"    {name}_temp_path {home}/{name};\n" for name in TEMPORARY)
    return re.sub(r"^http \{\n", lambda match: match[0] + scratch, text, flags=re.MULTILINE)


def wait_for_file(path: Path) -> None:
    until = time.monotonic() + 10
    while time.monotonic() < until and not path.exists():
        time.sleep(0.05)
    assert path.exists()


def stop(server: Server) -> None:
    with suppress(ProcessLookupError):
        server.process.terminate()
    server.process.wait(10)
