"""What all tests share."""

from __future__ import annotations

import os
from datetime import UTC, datetime

# Facts grow old, and then weaken errors to warnings: the suite checks as of a day on which they were fresh.
os.environ.setdefault("SOURCE_DATE_EPOCH", str(int(datetime(2026, 11, 24, tzinfo=UTC).timestamp())))
