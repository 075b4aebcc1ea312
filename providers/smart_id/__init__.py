"""Smart-ID: sign-in by an app on the person's phone, over the relying-party API (eid-providers.md section 10).

Owns the start of a session, the device link and its code, the verification code, the result of a session and its
checks in order, and the adapter that the person's page is attended with. Leaves certificates in general (chain,
validity, revocation) to ``providers.eid_certificates`` and the open logins to the gateway.
"""
