"""A process of its own that holds the signing keys: it signs what a committed audit event stands for, and counts (T25).

``server`` is that process, ``client`` what the gateway's workers hold in its place, ``reconciling`` compares what it counted
with what the log and the database say was issued; docs/decisions/0012-signer-process.md says why so.
"""
