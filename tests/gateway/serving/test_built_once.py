"""What a worker process builds before it serves."""

import gc
import subprocess
import sys


def test_the_collector_leaves_alone_what_was_built_for_good() -> None:
    """Row 1: looking at the whole application again and again was 8 % of the CPU of a login."""
    program = (
        "import gc, sys; from gateway.serving.factory import build_application;"
        "build_application('tests.gateway.serving.echo_app:build');"
        "print(gc.get_freeze_count(), sum(1 for each in gc.get_objects() if each is sys.modules))"
    )
    frozen, seen = subprocess.check_output([sys.executable, "-c", program], text=True).split()
    assert int(frozen) > 10_000
    assert seen == "0"
    assert gc.get_freeze_count() == 0, "only a worker process freezes"
