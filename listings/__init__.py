"""The register: what there is, whose it is, in what state, in whose hands."""
