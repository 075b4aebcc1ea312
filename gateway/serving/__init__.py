"""The listening ports: the public one, and the one that demands a client certificate."""
