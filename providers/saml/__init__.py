"""What both directions of SAML 2.0 share: reading foreign XML safely, XML signatures and encryption, the bindings.

Everything that comes from outside takes one road (security.md 8.3): size, safe parse, structure gate, signature, and
then only the verified subtree is read. The gateway answers relying parties with it; a SAML provider's responses are
verified with it.
"""
