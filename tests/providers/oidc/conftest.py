"""One little provider for all tests of this folder."""

from collections.abc import Iterator

import pytest

from certs.dev_pki import DevPki
from tests.providers.little_op import LittleOp


@pytest.fixture(scope="session")
def session_op(pki: DevPki, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LittleOp]:
    op = LittleOp(pki, tmp_path_factory.mktemp("op"))
    yield op
    op.close()


@pytest.fixture
def op(session_op: LittleOp) -> LittleOp:
    session_op.forget()
    return session_op
