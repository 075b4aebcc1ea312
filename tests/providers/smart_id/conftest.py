"""The adapter against the mock bank's Smart-ID service, over real sockets."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from certs.dev_pki import DevPki
from tests.providers.smart_id.setting import Setting


@pytest.fixture(scope="session")
def smart_id(pki: DevPki, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setting]:
    setting = Setting(pki, tmp_path_factory.mktemp("smart-id"))
    yield setting
    setting.stop()


@pytest.fixture
def setting(smart_id: Setting) -> Setting:
    """An honest service; what a test switches on is switched off for the next."""
    smart_id.switch()
    return smart_id


@pytest.fixture
def base(smart_id: Setting) -> Path:
    return smart_id.folder
