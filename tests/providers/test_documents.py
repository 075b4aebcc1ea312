"""What the pages for provider developers promise is what the code does."""

import re
from pathlib import Path

import pytest

from providers.banklink.profile import BanklinkProfile
from providers.refusals import Reason
from providers.settings import BackChannelSettings, ProviderSettings
from providers.vpm_back_channel import CONFIRMATION_TYPE, JOURNAL_TYPE
from providers.vpm_journal import MOST_ENTRIES

PAGES = Path(__file__).parents[2] / "docs" / "providers"
OURS_ALONE = {"status_unavailable", "journal_unavailable", "journal_refused", "sha1_exception_ended",
              "bad_return_address", "misconfigured"}  # fmt: skip


def text_of(name: str) -> str:
    return (PAGES / name).read_text()


def test_every_reason_that_a_provider_can_cause_stands_on_a_page() -> None:
    pages = "".join(page.read_text() for page in PAGES.glob("*.md"))
    documented = set(re.findall(r"^\| `([a-z_0-9]+)` \|", pages, re.MULTILINE))
    assert {reason.value for reason in Reason} - OURS_ALONE <= documented


@pytest.mark.parametrize("model", [BanklinkProfile, BackChannelSettings, ProviderSettings])
def test_every_setting_stands_on_the_page(model: type[BanklinkProfile]) -> None:
    page = text_of("banklink.md")
    left_out = {"protocol", "hash_encoded_values", "banklink", "back_channel", "deadline_seconds", "max_in_flight"}
    missing = {name for name in model.model_fields if not re.search(rf"\b{name}\b", page)} - left_out
    assert missing == set()


def test_the_machine_readable_description_names_the_three_calls_and_both_types() -> None:
    described = text_of("vpm-back-channel.yaml")
    paths = re.findall(r"^  (/vpm/v1/\S+):$", described, re.MULTILINE)
    assert paths == ["/vpm/v1/status", "/vpm/v1/authentications/{id}", "/vpm/v1/journal"]
    assert f"const: {CONFIRMATION_TYPE}" in described
    assert f"const: {JOURNAL_TYPE}" in described
    assert f"maxItems: {MOST_ENTRIES}" in described
