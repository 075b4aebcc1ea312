"""Row 15 of performance.md: a hundred whole logins parse no key, build no context, compile no page, start no program."""

import json
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
from joserfc.jwk import ECKey

from gateway.demo.places import Places
from gateway.demo.prepare import prepare
from tests.bench.bank import QuickBank
from tests.bench.gauges import Cores
from tests.bench.journeys import AtQuickBank
from tests.bench.setups import Setup, bank_of, new_places, wait_until_open, write_settings
from tests.support.calls import COSTLY, counting
from tests.support.driver import STEPS, Lines
from tests.support.in_process import InProcess, in_process
from tests.support.relying_party import RelyingParty

NEVER: Final = COSTLY | {"read_text", "generate", "fork_exec"}
"""``generate`` is what compiles a template."""
LOGINS: Final = 100


@pytest.mark.parametrize("confirmation", [False, True], ids=["by contract", "confirmed over mutual TLS"])
def test_a_hundred_logins_do_nothing_that_is_done_once(tmp_path: Path, confirmation: bool) -> None:
    places, calls = new_places(tmp_path), Counter[str]()
    prepare(places, fast_login=True)
    write_settings(Setup(kind="embedded", confirmation=confirmation), places)
    cores = Cores.of_this_machine()
    with bank_of(places, cores.both), in_process(places, partial(counting, calls)) as gateway:
        sign_in = _signing_in(gateway, places)
        wait_until_open(places.bank_mutual_port)
        for _ in range(3):  # connections are opened, statements prepared, caches filled
            sign_in()
        calls.clear()
        for _ in range(LOGINS):
            sign_in()
    assert {name: calls[name] for name in NEVER if calls[name]} == {}
    assert calls["authorize"] >= LOGINS, "the counter sees what happens"
    assert calls["confirm"] == (LOGINS if confirmation else 0)


def test_the_counter_sees_what_opening_a_gateway_costs(tmp_path: Path) -> None:
    places, calls = new_places(tmp_path), Counter[str]()
    prepare(places, fast_login=True)
    with counting(calls), in_process(places, partial(counting, calls)):
        pass
    assert {"load_pem_private_key", "load_pem_x509_crl", "import_key", "model_validate", "read_bytes"} <= set(calls)


def _signing_in(gateway: InProcess, places: Places) -> Callable[[], Any]:
    party, bank, portal = RelyingParty(places), QuickBank.of(places.root), gateway.portal()
    published = json.loads(gateway.browser().get("/oidc/jwks").body)["keys"]
    party.__dict__["_keys"] = {key["kid"]: ECKey.import_key(key) for key in published}

    def sign_in() -> None:
        browser = gateway.browser()
        login = AtQuickBank(party=party, lines=Lines(gateway=browser, bank=browser, mutual=portal))
        login.bank = bank
        for step in STEPS:
            login.take(step)

    return sign_in
