"""``python -m tminus``."""

import sys

from tminus.cli import main

sys.exit(main())
