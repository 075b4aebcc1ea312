"""What every test run shares: how long properties search."""

import os

from hypothesis import settings

settings.register_profile("nightly", max_examples=20_000, deadline=None)
settings.register_profile("ordinary", deadline=None)
settings.load_profile("nightly" if "VPM_NIGHTLY" in os.environ else "ordinary")
