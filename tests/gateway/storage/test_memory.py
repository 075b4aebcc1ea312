"""The store in memory keeps the same promises."""

from collections.abc import Sequence

import pytest

from gateway.storage.memory import MemoryStorage
from tests.contracts.storage import StorageContract


class TestMemoryStorage(StorageContract):
    @pytest.fixture
    def storage(self) -> MemoryStorage:
        return MemoryStorage()

    def recorded(self, storage: MemoryStorage) -> Sequence[str]:
        return [event.corr for event in storage.events]
