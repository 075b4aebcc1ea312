"""``python -m tests.fuzz TARGET SECONDS FOLDER``: search for an input that a target does not stand (atheris).

The folder keeps what was found to be interesting, and any input that ended in an exception.
"""

import sys
import warnings
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["gateway", "joserfc", "providers"]):
    from tests.fuzz.targets import SEEDS, TARGETS


def planted(data: bytes) -> None:
    """A target that does not stand one thing, to see that a finding is one."""
    if b"!" in data:
        raise IndexError("planted")


def main(name: str, seconds: int, folder: Path) -> None:
    """Search for so many seconds; the process ends with a status other than 0 at a finding."""
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(SEEDS.get(name, ())):
        (corpus / f"seed-{number}").write_bytes(seed)
    warnings.filterwarnings("ignore", message="EdDSA is deprecated")
    options = [f"-max_total_time={seconds}", "-max_len=4096", "-timeout=20", f"-artifact_prefix={folder}/found-"]
    atheris.Setup([sys.argv[0], *options, str(corpus)], {**TARGETS, "planted": planted}[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
