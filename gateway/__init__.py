"""The broker: carries a login from a relying party to a provider and back.

Owns the login itself (``broker``), the languages relying parties speak (``oidc``), the tamper-evident record
(``audit``), all SQL (``storage``), all Flask (``web``) and the two listening ports (``serving``).
Leaves to others: how a provider speaks (``providers``), what certificates must look like (``certs``).
"""
