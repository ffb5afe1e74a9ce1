"""``python -m tminus.cli``."""

import sys

from tminus.cli import main

sys.exit(main())
