"""The documented nginx before the gateway's sockets, its places changed and nothing else."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from certs.dev_pki import DevPki
from gateway.demo.places import Places
from tests.bench.gauges import on

DEPLOYMENT = Path(__file__).parents[2] / "docs" / "deployment"
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def nginx_binary() -> str | None:
    """Where nginx is, if it is installed."""
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@contextmanager
def start_nginx(places: Places, cores: frozenset[int]) -> Iterator[subprocess.Popen[bytes]]:
    """Run it on the gateway's two ports; its sockets are in the places' root."""
    home = places.root
    (home / "nginx.conf").write_text(placed(places))
    shutil.copy(DEPLOYMENT / "client-cert.conf", home)
    directives = "daemon off;" + (" user root;" if os.geteuid() == 0 else "")
    with (home / "nginx.log").open("ab") as log:
        process = subprocess.Popen(
            [*on(cores), nginx_binary() or "nginx", "-p", home, "-c", home / "nginx.conf", "-g", directives], stderr=log
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(10)


def placed(places: Places) -> str:
    """The documented text with our paths and ports."""
    pki, home = DevPki.open(places.pki), places.root
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
        "worker_processes auto": "worker_processes 1",
        "listen 8443": f"listen 127.0.0.1:{places.gateway_port}",
        "listen 8444": f"listen 127.0.0.1:{places.gateway_mutual_port}",
    }.items():
        text = text.replace(there, str(here))
    scratch = "".join(f"    {name}_temp_path {home}/{name};\n" for name in TEMPORARY)
    return re.sub(r"^http \{\n", lambda match: match[0] + scratch, text, flags=re.MULTILINE)
