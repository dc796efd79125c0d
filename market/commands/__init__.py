"""The commands of ``packbourse``, one module for what belongs together."""
