"""How banks and eID schemes are asked who someone is.

Owns the promise every provider keeps (``contract``), one package per protocol, the registry of protocols, and the
only outgoing sockets (``transport``). Leaves to the gateway when to ask, what to remember and whom to tell.
"""
