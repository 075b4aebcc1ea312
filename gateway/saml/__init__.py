"""SAML 2.0 as relying parties speak it: the gateway as their identity provider (security.md 8.3).

Only a relying party can begin (no IdP-initiated login), every request is signed, and an answer goes to registered
addresses alone. Imported only where the settings switch SAML on, for pysaml2 is large.
"""
