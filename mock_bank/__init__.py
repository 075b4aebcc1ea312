"""A bank that is not one: plays every provider protocol, honestly or with a named fault.

Written from the specifications alone; it shares no code with ``providers``, because a double that shares a codec
with what it tests repeats its mistakes.
"""
