"""Cards by TLS client certificate: the handshake with a port of its own proves the card (eid-providers.md 12.1)."""
