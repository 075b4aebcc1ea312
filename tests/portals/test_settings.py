"""The settings file: read once, every problem at once, and the command that serves."""

import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from portals.cli import portal
from portals.errors import InvalidSettings
from portals.settings import GatewaySettings, ListenSettings, PortalSettings, read_settings


def test_relative_paths_start_at_the_settings_file(settings: PortalSettings, settings_file: Path) -> None:
    assert settings.database == settings_file.parent / "auctions.sqlite"
    assert settings.redirect_uri == "https://localhost:7443/callback"


def test_settings_cannot_be_changed(settings: PortalSettings) -> None:
    with pytest.raises(ValueError, match="frozen"):
        settings.base_url = "https://other.example"  # type: ignore[misc]  # the attempt is the test


def test_every_problem_is_reported_at_once(settings_file: Path) -> None:
    written = settings_file.read_text(encoding="utf-8")
    broken = written.replace('"https://localhost:7443"', '"http://localhost:7443/x"').replace("port = 7443", "port = 0")
    settings_file.write_text(broken.replace("assertion_kid", "asertion_kid"), encoding="utf-8")
    with pytest.raises(InvalidSettings) as refused:
        read_settings(settings_file)
    named = {problem.partition(":")[0] for problem in refused.value.problems}
    assert named == {"base_url", "listen.port", "gateway.assertion_kid", "gateway.asertion_kid"}


@pytest.mark.parametrize("issuer", ["http://localhost:8443", "https://localhost:8443/", "https://localhost:8443?a=b"])
def test_an_issuer_that_is_not_one_is_refused(settings_file: Path, settings: PortalSettings, issuer: str) -> None:
    written = settings_file.read_text(encoding="utf-8")
    settings_file.write_text(written.replace(settings.gateway.issuer, issuer), encoding="utf-8")
    with pytest.raises(InvalidSettings, match="issuer"):
        read_settings(settings_file)


@pytest.mark.parametrize("name", ["assertion.key", "session.secret"])
def test_a_secret_others_can_read_is_refused_with_the_remedy(settings_file: Path, name: str) -> None:
    (settings_file.parent / name).chmod(0o640)
    with pytest.raises(InvalidSettings, match="chmod 600"):
        read_settings(settings_file)


def test_a_short_session_secret_is_refused(settings_file: Path) -> None:
    (settings_file.parent / "session.secret").write_bytes(b"short")
    with pytest.raises(InvalidSettings, match="32"):
        read_settings(settings_file)


@pytest.mark.parametrize("content", [b"base_url = ", b"\xff\xfe"])
def test_a_file_that_is_not_toml_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "auctions.toml"
    path.write_bytes(content)
    with pytest.raises(InvalidSettings, match=r"auctions\.toml"):
        read_settings(path)


def test_the_command_says_whether_settings_can_be_used(settings_file: Path) -> None:
    good = CliRunner().invoke(portal, ["auctions", "check", "--config", str(settings_file)])
    assert (good.exit_code, good.output) == (0, "usable: https://localhost:7443\n")
    bad = CliRunner().invoke(portal, ["auctions", "serve", "--config", str(settings_file.parent / "none.toml")])
    assert bad.exit_code == 1
    assert "the portal cannot start" in bad.output


def test_the_example_in_the_documentation_names_every_setting() -> None:
    document = (Path(__file__).parents[2] / "docs" / "portals.md").read_text(encoding="utf-8")
    blocks = [tomllib.loads(text.partition("```")[0]) for text in document.split("```toml\n")[1:]]
    (example,) = (block for block in blocks if "base_url" in block)
    assert example.keys() == PortalSettings.model_fields.keys()
    assert example["gateway"].keys() == GatewaySettings.model_fields.keys()
    assert example["listen"].keys() == ListenSettings.model_fields.keys()
