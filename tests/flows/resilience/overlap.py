"""Changes under load what banks and gateway sign with, as operators of both sides would: overlap, change, tidy up."""

import signal
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final
from urllib.parse import SplitResult, urlsplit

from certs.dev_pki import DevPki
from gateway.demo.prepare import make_key_pair, new_p256, new_rsa
from tests.flows.resilience.world import World
from tests.support.gateway_parts import eventually
from tests.support.load import Load
from tests.support.services import PATIENCE, parent_of

OLD_ANSWERS: Final = '{ file = "../bank/banklink.pub" }'
NEW_ANSWERS: Final = '{ file = "../bank/banklink-2.pub" }'
OLD_CONFIRMATIONS: Final = '"demo-1" = { file = "../bank/confirmation.pub", algorithm = "ES256" }'
NEW_CONFIRMATIONS: Final = '"demo-2" = { file = "../bank/confirmation-2.pub", algorithm = "ES256" }'
AT_GATEWAY: Final = {
    OLD_ANSWERS: NEW_ANSWERS,
    OLD_CONFIRMATIONS: NEW_CONFIRMATIONS,
}
OLD_QUESTIONS: Final = 'public_key = "../gateway/banklink.pub"'
NEW_QUESTIONS: Final = 'public_key = "../gateway/banklink-2.pub"'
FURTHER: Final = '\nfurther_public_keys = ["../gateway/banklink-2.pub"]'


@dataclass
class Overlap:
    """Changes the keys that a bank and the gateway have agreed upon, and the gateway's server certificate."""

    world: World
    loads: Sequence[Load]

    def change_keys_of_bank_and_gateway(self) -> None:
        """The bank's banklink and confirmation keys, and our banklink key: told to the other side before they sign."""
        self._make_keys()
        self._believe_both()
        self._sign_with_the_new()
        self._let_end()  # what an old key signed is judged before the old key is forgotten
        self._forget_the_old()

    def renew_client_certificate_towards_the_bank(self) -> None:
        """The gateway's certificate at the bank: the bank knows both, the gateway shows the new one, the old is gone."""
        pki = DevPki.open(self.world.places.pki)
        pki.issue("gateway-client", "gateway-client-2", dns=("gateway-client-2.test",))
        old, new = (f"../pki/issued/{name}/" for name in ("gateway-client", "gateway-client-2"))
        known = f'["{old}certificate.pem"'
        self.world.change_settings({known: f'{known}, "{new}certificate.pem"'}, "bank")
        self._reload_bank("demo-2", 3)
        self.world.change_settings({f"{old}certificate.pem": f"{new}certificate.pem", f"{old}key.pem": f"{new}key.pem"})
        self._reload_gateway()
        self._let_end()  # the workers that showed the old one are gone with the last login they carried
        self.world.change_settings({f'{known}, "{new}certificate.pem"': f'["{new}certificate.pem"'}, "bank")
        self._reload_bank("demo-2", 4)

    def renew_server_certificate(self) -> None:
        """Give the gateway's two ports a new certificate with a new key, which they take up by themselves."""
        places = self.world.places
        DevPki.create(places.pki).renew("gateway")
        new = (places.pki / "issued" / "gateway" / "certificate.pem").read_text("ascii")
        ports = [(places.issuer, "public"), (places.mutual_tls, "mutual TLS")]
        for origin, name in ports:
            assert eventually(partial(_shows, urlsplit(origin), new), PATIENCE), name

    def _let_end(self) -> None:
        for load in self.loads:
            load.let_end()

    def _make_keys(self) -> None:
        root = self.world.places.root
        make_key_pair(root / "gateway", "banklink-2", new_rsa)
        make_key_pair(root / "bank", "banklink-2", new_rsa)
        make_key_pair(root / "bank", "confirmation-2", new_p256)

    def _believe_both(self) -> None:
        self.world.change_settings({old: f"{old}, {new}" for old, new in AT_GATEWAY.items()})
        self._reload_gateway()
        self.world.change_settings({OLD_QUESTIONS: OLD_QUESTIONS + FURTHER}, "bank")
        self._reload_bank("demo-1", 1)

    def _sign_with_the_new(self) -> None:
        keys = {'"banklink.key"': '"banklink-2.key"', '"confirmation.key"': '"confirmation-2.key"', "demo-1": "demo-2"}
        self.world.change_settings(keys, "bank")
        self._reload_bank("demo-2", 1)
        self.world.change_settings({'partner_key = "banklink.key"': 'partner_key = "banklink-2.key"'})
        self._reload_gateway()

    def _forget_the_old(self) -> None:
        self.world.change_settings({f"{old}, {new}": new for old, new in AT_GATEWAY.items()})
        self._reload_gateway()
        self.world.change_settings({OLD_QUESTIONS + FURTHER: NEW_QUESTIONS}, "bank")
        self._reload_bank("demo-2", 2)

    def _reload_gateway(self) -> None:
        """Have every worker replaced by one that has read the settings anew."""
        service = self.world.gateway
        assert service.process is not None
        before = set(service.processes)
        workers = before - {parent_of(one) for one in before}
        service.process.send_signal(signal.SIGHUP)

        def replaced() -> bool:
            now = set(service.processes)
            return not now & workers and len(now) >= len(before)

        assert eventually(replaced, 2 * PATIENCE), service.last_words

    def _reload_bank(self, kid: str, times: int) -> None:
        """Have the bank read its keys anew, and wait until it has said so as often as expected."""
        service = self.world.bank
        assert service.process is not None
        service.process.send_signal(signal.SIGHUP)
        said = f"keys taken up: confirmations are signed with {kid}"
        assert eventually(lambda: service.log.read_text("utf-8").count(said) == times, PATIENCE), service.last_words


def _shows(at: SplitResult, certificate: str) -> bool:
    """Whether every worker of a port shows a certificate, as far as eight handshakes can tell."""
    address = (at.hostname or "", at.port or 443)
    shown = {ssl.get_server_certificate(address, timeout=PATIENCE) for _ in range(8)}
    return all(certificate.startswith(one) for one in shown)
