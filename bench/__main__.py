"""``make bench``: every measurement, one after the other."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from bench import bids, health, pricing, start, telemetry

health.main()
start.main()
bids.main()
telemetry.main()
pricing.main()
