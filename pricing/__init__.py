"""The valuation: what it is worth, and who says so."""
