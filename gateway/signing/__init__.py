"""The gateway's own signing keys: where they are kept, and their way from published over used to retired (T64).

What a key signs is ``gateway.oidc.keys``'s and ``gateway.saml.keys``'s; docs/decisions/0008-signing-keys.md says why so.
"""
