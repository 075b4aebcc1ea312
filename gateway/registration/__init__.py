"""Registering relying parties: every mistake named at once, revisions kept in the database, changes taken up live.

What a registered relying party is, is ``gateway.broker.relying_party``'s; the settings file stays the simplest place
to register one. docs/portals.md says how it is done.
"""
