"""A PKCS#11 token of SoftHSM, made for one test: it stands for the hardware (security.md section 7)."""

import subprocess
from pathlib import Path
from typing import Final

import pytest

MODULE: Final = Path("/usr/lib/softhsm/libsofthsm2.so")
LABEL: Final = "vpm"
PIN: Final = "a made-up PIN"


def make_token(folder: Path, environment: pytest.MonkeyPatch) -> Path:
    """Make a token; the library finds it by the environment. Gives the file that holds the PIN."""
    (folder / "tokens").mkdir()
    settings = folder / "softhsm2.conf"
    settings.write_text(f"directories.tokendir = {folder / 'tokens'}\nlog.level = ERROR\n")
    environment.setenv("SOFTHSM2_CONF", str(settings))
    command = ["softhsm2-util", "--init-token", "--free", "--label", LABEL, "--pin", PIN, "--so-pin", "another"]
    subprocess.run(command, check=True, capture_output=True)
    pin = folder / "pin"
    pin.write_text(f"{PIN}\n")
    pin.chmod(0o600)
    return pin
