"""``python -m market`` is the command ``packbourse``."""

import sys

from market.cli import main

if __name__ == "__main__":
    sys.exit(main())
