"""The dialects of the Latvian banks, each a value in a module of its own; the settings choose one by its name."""

from collections.abc import Mapping
from typing import Final

from providers.banklink.dialect import Dialect
from providers.banklink.dialects.citadele import CITADELE
from providers.banklink.dialects.luminor import LUMINOR
from providers.banklink.dialects.seb import SEB
from providers.banklink.dialects.vk import SWEDBANK, VK

DIALECTS: Final[Mapping[str, Dialect]] = {one.name: one for one in (VK, SWEDBANK, SEB, LUMINOR, CITADELE)}
