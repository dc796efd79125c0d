"""What a fleet's own recordings say about its batteries: charges found, capacity per charge.

The computation is written once, as Ibis expressions (``charges``), for DuckDB and Spark alike.
"""
