"""A process that writes to the log until it is killed, and prints what was acknowledged.

Run as ``python -m tests.support.log_writer DATABASE_URL KEYS``; each line on standard output is one acknowledged login.
"""

import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

from gateway.storage.sealer import Sealer
from gateway.storage.sql_storage import SqlStorage, open_storage
from tests.support.logins import SomethingHappened, asked

THREADS = 4


def main(url: str, keys: str) -> None:
    storage = open_storage(url, Path(keys), node="node-1", config_rev="test", clock=lambda: datetime.now(UTC))
    Sealer(storage, interval=0.005).start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    threads = [threading.Thread(target=_write_for_ever, args=(storage,)) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _write_for_ever(storage: SqlStorage) -> None:
    while True:
        login = asked()
        event = SomethingHappened(corr=login.id, received=b"x" * 200)
        storage.commit(lambda unit, login=login, event=event: (unit.add(login), unit.record(event)))
        sys.stdout.write(login.id + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
