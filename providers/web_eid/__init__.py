"""eID cards in a reader: the browser's Web eID extension lets the card sign a challenge (eid-providers.md 7).

Owns the challenge, the token and its signature. Leaves certificates to ``providers.eid_certificates``, and the page
with its script to ``gateway.web``.
"""
