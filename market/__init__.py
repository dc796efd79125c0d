"""The trade: who pays what to whom."""

__version__ = "0.1.0"
