"""Providers that speak OpenID Connect (eid-providers.md 12.2, security.md 8.2 "As client").

``discovery`` reads what the provider publishes, ``authorization`` asks, ``exchange`` redeems the code, ``id_token`` and
``userinfo`` check what comes, ``identity`` reads a person out of it; ``adapter`` keeps the promise of the contract.
"""
