"""The tamper-evident record of what happened.

Owns what an event is, its canonical form, the RFC 6962 tree, signed checkpoints and the verifier.
Leaves to ``gateway.storage`` where the rows live, and to each package which events it emits.
"""
