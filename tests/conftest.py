"""What all tests share."""

from __future__ import annotations

import os
import tempfile
from datetime import UTC, datetime

from hypothesis import settings

# How long an example takes says more of the machine than of what is tested.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")

# Facts grow old, and then weaken errors to warnings: the suite checks as of a day on which they were fresh.
os.environ.setdefault("SOURCE_DATE_EPOCH", str(int(datetime(2026, 11, 24, tzinfo=UTC).timestamp())))

# What one run of the suite found must not answer for the next, nor fill the repository.
_kept = tempfile.TemporaryDirectory(prefix="tminus-tests-")
os.environ["TMINUS_CACHE_DIR"] = _kept.name

# Nor may what this user ran before change what a plan says.
_data = tempfile.TemporaryDirectory(prefix="tminus-tests-")
os.environ["XDG_DATA_HOME"] = _data.name
