"""A real Apache of Debian's for tests: its own configuration in its own folder, on a port of its own."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import requests

PROGRAM: Final = "/usr/sbin/apache2"
MODULES: Final = Path("/usr/lib/apache2/modules")
PATIENCE: Final = 30.0
"""Seconds until it answers, on a busy machine."""
_OWNER: Final = "www-data"
_LOADED: Final = (
    "mpm_event",
    "ssl",
    "socache_shmcb",
    "authn_core",
    "authz_core",
    "authz_user",
    "dir",
    "mime",
    "include",
)


class ApacheMissing(Exception):
    """Apache or one of its modules is not installed; the message names the package."""


@dataclass(frozen=True, slots=True)
class Site:
    """A running Apache."""

    folder: Path
    url: str

    @property
    def log(self) -> str:
        """What it has said so far."""
        return (self.folder / "error.log").read_text(errors="replace")


def new_folder() -> Path:
    """Make a folder that Apache's own user may read, whoever runs the test; whoever made it removes it."""
    folder = Path(tempfile.mkdtemp(prefix="vpm-apache-"))
    folder.chmod(0o755)
    return folder


@contextmanager
def running_apache(
    folder: Path, port: int, module: str, configuration: str, variables: Sequence[str], trusted: Path
) -> Iterator[Site]:
    """Serve one page that shows the variables to whoever the configuration lets in.

    Args:
        folder: from ``new_folder``; must hold ``portal.pem`` and ``portal.key``, the site's own certificate and key.
        port: on loopback.
        module: the module under test, as in ``mod_<module>.so``.
        configuration: what a portal's administrator writes, from the documentation.
        variables: of the request's environment; the page has one line for each.
        trusted: the root certificate by which this site's own is verified.
    """
    if not (MODULES / f"mod_{module}.so").exists():
        raise ApacheMissing(f"install libapache2-mod-{module.replace('_', '-')}")
    _write_page(folder, variables)
    (folder / "httpd.conf").write_text(_frame(folder, port, module) + configuration, encoding="utf-8")
    _give_to_owner(folder)
    command = [PROGRAM, "-f", str(folder / "httpd.conf"), "-DFOREGROUND"]
    with (folder / "error.log").open("ab") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        site = Site(folder, f"https://localhost:{port}")
        try:
            _wait(site, process, trusted)
            yield site
        finally:
            process.terminate()


def remove(folder: Path) -> None:
    """Forget a folder of ``new_folder``."""
    shutil.rmtree(folder)


def _write_page(folder: Path, variables: Sequence[str]) -> None:
    (folder / "site").mkdir()
    lines = "".join(f'{name}=<!--#echo encoding="none" var="{name}" -->\n' for name in variables)
    (folder / "site" / "index.shtml").write_text(lines, encoding="utf-8")
    (folder / "site" / "open.txt").write_text("open\n", encoding="utf-8")


def _frame(folder: Path, port: int, module: str) -> str:
    loaded = "".join(f"LoadModule {name}_module {MODULES}/mod_{name}.so\n" for name in (*_LOADED, module))
    owner = f"User {_OWNER}\nGroup {_OWNER}\n" if os.geteuid() == 0 else ""
    return f"""{loaded}{owner}ServerRoot {folder}
ServerName localhost
ServerLimit 1
StartServers 1
ThreadsPerChild 16
MaxRequestWorkers 16
MinSpareThreads 1
MaxSpareThreads 16
DefaultRuntimeDir {folder}
Mutex file:{folder} default
PidFile {folder}/httpd.pid
ErrorLog {folder}/error.log
Listen 127.0.0.1:{port}
TypesConfig /etc/mime.types
AddType text/html .shtml
AddOutputFilter INCLUDES .shtml
AddDefaultCharset UTF-8
DocumentRoot {folder}/site
DirectoryIndex index.shtml
SSLEngine on
SSLCertificateFile {folder}/portal.pem
SSLCertificateKeyFile {folder}/portal.key
<Directory {folder}/site>
    Options +Includes
    Require all granted
</Directory>
"""


def _give_to_owner(folder: Path) -> None:
    if os.geteuid() == 0:
        owner = pwd.getpwnam(_OWNER)
        for path in (folder, *folder.rglob("*")):
            os.chown(path, owner.pw_uid, owner.pw_gid)


def _wait(site: Site, process: "subprocess.Popen[bytes]", trusted: Path) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        assert process.poll() is None, site.log
        try:
            requests.get(f"{site.url}/open.txt", verify=str(trusted), timeout=5, allow_redirects=False)
        except requests.ConnectionError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(site.log)
