"""One development hierarchy for all provider tests; keys and people are made up by the tests themselves."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from certs.dev_pki import DevPki
from tests.providers.little_bank import LittleBank


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> DevPki:
    hierarchy = DevPki.create(tmp_path_factory.mktemp("pki"))
    hierarchy.issue("gateway-client", "gateway")
    hierarchy.issue("provider-server", "bank", dns=["localhost"], ip=["127.0.0.1"])
    return hierarchy


@pytest.fixture(scope="session")
def session_bank(pki: DevPki, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LittleBank]:
    bank = LittleBank(pki, tmp_path_factory.mktemp("bank"))
    yield bank
    bank.close()


@pytest.fixture
def bank(session_bank: LittleBank) -> LittleBank:
    session_bank.forget()
    return session_bank


@pytest.fixture
def base(session_bank: LittleBank) -> Path:
    return session_bank.folder
