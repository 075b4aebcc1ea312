"""Banks that speak the Banklink identification messages: a signed form there, a signed form back (banklink.md).

Owns the messages, the string that is signed, a bank's profile, the checks of an answer and the adapter. Leaves the
open logins, their spending and the return address to the gateway.
"""
