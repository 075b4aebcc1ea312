"""performance.md finding 1 and row 15: while people sign in, no key is parsed and no TLS context is built."""

from collections.abc import Callable

from providers.contract import Provider
from providers.registry import open_provider
from providers.tls_context import shared_context
from tests.contracts.provider import asked, expected
from tests.providers.little_bank import LIGA, LittleBank, arrival, now
from tests.support.calls import COSTLY, counting


def login(provider: Provider, bank: LittleBank) -> Callable[[], None]:
    def once() -> None:
        request = asked()
        provider.depart(request)
        answer = provider.receive(arrival(bank.sign_in(LIGA, request.reference, now()), now()))
        assert answer.identify(expected(request)).given_name == LIGA.given_name

    return once


def test_a_hundred_logins_parse_no_key_and_build_no_context(bank: LittleBank) -> None:
    once = login(open_provider(bank.entry(), bank.folder, now), bank)
    once()
    connections = bank.server.connections
    with counting() as calls:
        for _ in range(100):
            once()
    assert {name: calls[name] for name in COSTLY if calls[name]} == {}
    assert calls["mac_string"] == 200  # the counter sees what happens
    assert bank.server.connections == connections


def test_the_counter_sees_what_opening_a_provider_costs(bank: LittleBank) -> None:
    shared_context.cache_clear()  # as when the gateway starts
    with counting() as calls:
        open_provider(bank.entry(), bank.folder, now)
    assert {"load_pem_private_key", "load_pem_public_key", "load_cert_chain", "import_key"} <= set(calls)
