"""A settings entry of Smart-ID: what it must hold, what contradicts itself, what the operator is warned of."""

from pathlib import Path
from typing import Any

import pytest

from providers.registry import open_provider
from providers.settings import InvalidProviderSettings
from providers.smart_id.profile import SmartIdProfile
from tests.providers.little_bank import now
from tests.providers.smart_id.setting import Setting

PAGE = Path(__file__).parents[3] / "docs" / "providers" / "smart-id.md"


def problems(setting: Setting, **changes: Any) -> str:
    entry = setting.entry()
    top = {name: changes.pop(name) for name in list(changes) if name in {"environment", "code_structure"}}
    entry = {**entry, **top, "smart_id": {**entry["smart_id"], **changes}}
    with pytest.raises(InvalidProviderSettings) as refused:
        open_provider(entry, setting.folder, now)
    return str(refused.value)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"pins": []}, "pins"),
        ({"pins": ["a" * 64, "b" * 64, "c" * 64]}, "pins"),
        ({"base_url": "http://sid.example/v3"}, "base_url"),
        ({"ca_file": "nowhere.pem"}, "ca_file"),
        ({"relying_party_name": "DE|MO"}, "relying_party_name"),
        ({"relying_party_uuid": "DEMO"}, "relying_party_uuid"),
        ({"api": "v2", "flow": "device_link"}, "flow"),
        ({"scheme_name": "smart-id"}, "scheme_name"),
        ({"question": {"lv": "Pieteikties", "en": "Sign in to {portal}"}}, "question"),
        ({"question": {"lv": "Pieteikties: {portal}"}}, "question"),
        ({"deadline_seconds": 6}, "deadline_seconds"),
        ({"secret": "x"}, "secret"),
    ],
)
def test_a_mistake_is_told_by_the_name_of_its_setting(setting: Setting, changes: dict[str, Any], named: str) -> None:
    assert named in problems(setting, **changes)


def test_production_takes_nothing_of_the_demo(setting: Setting) -> None:
    told = problems(setting, environment="production", code_structure="reject")
    for name in ("scheme_name", "relying_party_uuid", "anchors"):
        assert name in told


def test_a_file_that_is_no_certificate_is_told(setting: Setting) -> None:
    (setting.folder / "garbage.pem").write_text("no certificate")
    assert "ca_file" in problems(setting, ca_file="garbage.pem")


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({}, "only one key is pinned"),
        ({"flow": "notification"}, "can be relayed"),
        ({"api": "v2", "flow": "notification"}, "does not protect against relayed sign-in"),
        ({"certificate_level": "ADVANCED"}, "ADVANCED"),
    ],
)
def test_what_weakens_a_login_is_said_at_the_start(setting: Setting, changes: dict[str, Any], word: str) -> None:
    assert any(word in warning for warning in setting.provider(**changes).warnings())


def test_two_pins_are_no_ground_for_a_warning(setting: Setting) -> None:
    pins = [*setting.entry()["smart_id"]["pins"], "0" * 64]
    assert not any("pinned" in warning for warning in setting.provider(pins=pins).warnings())


def test_every_setting_stands_on_the_page() -> None:
    page = PAGE.read_text()
    assert [name for name in SmartIdProfile.model_fields if name not in page] == []
