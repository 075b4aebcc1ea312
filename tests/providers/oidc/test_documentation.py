"""The page for whoever connects a provider says what the code does: every setting, every reason, a whole entry."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from providers.oidc.opening import open_oidc
from providers.oidc.profile import AssertionSettings, ClaimNames, OidcProfile
from providers.servers import ServerSettings
from tests.providers.little_bank import now
from tests.providers.little_op import LittleOp

PAGE = (Path(__file__).parents[3] / "docs" / "providers" / "oidc.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("model", [OidcProfile, ClaimNames, ServerSettings, AssertionSettings])
def test_every_setting_stands_on_the_page(model: type[BaseModel]) -> None:
    assert {name for name in model.model_fields if not re.search(rf"\b{name}\b", PAGE)} == set()


def test_the_entry_on_the_page_opens(op: LittleOp) -> None:
    found = re.search(r"<!-- example: entry -->\n```toml\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    entry: dict[str, Any] = tomllib.loads(found[1])["providers"][0]
    real = op.entry()["oidc"]["servers"][0]
    for server in entry["oidc"]["servers"]:
        server.update({name: real[name] for name in server if name.endswith(("_file", "_certificate", "_key"))})
    assert open_oidc(entry, op.folder, now).id == "demo-eid"


def test_every_reason_that_the_adapter_gives_stands_on_the_page() -> None:
    sources = Path(__file__).parents[3] / "providers"
    texts = [path.read_text(encoding="utf-8") for path in (*sources.glob("oidc/*.py"), sources / "wire" / "oauth.py")]
    given = {name.lower() for text in texts for name in re.findall(r"Reason\.([A-Z_]+)", text)}
    assert {reason for reason in given if f"`{reason}`" not in PAGE} == set()
