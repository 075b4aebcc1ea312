"""``vpm``: the one command. Each part brings its own group; this module only knows where they are."""

from importlib import import_module
from typing import Final

import click

GROUPS: Final = {
    "audit": ("gateway.audit_cli", "audit"),
    "bank": ("mock_bank.cli", "bank"),
    "banklink": ("mock_bank.cli", "banklink"),
    "demo": ("gateway.demo.cli", "demo"),
    "gateway": ("gateway.cli", "gateway"),
    "keys": ("gateway.signing.cli", "keys"),
    "pki": ("certs.cli", "pki"),
    "portal": ("portals.cli", "portal"),
    "signer": ("gateway.signer.cli", "signer"),
    "rp": ("gateway.registration.cli", "rp"),
}


class _Groups(click.Group):
    """Loads a group when it is asked for, so that ``vpm pki`` does not pay for the gateway's imports."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click decides the signature
        return sorted(GROUPS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as above
        if cmd_name not in GROUPS:
            return None
        module, attribute = GROUPS[cmd_name]
        command: click.Command = getattr(import_module(module), attribute)
        return command


@click.command(cls=_Groups, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="vpm-gateway")
def main() -> None:
    """The open eID authentication gateway: run it, test against it, audit it."""


if __name__ == "__main__":
    main()
