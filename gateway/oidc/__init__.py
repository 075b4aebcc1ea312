"""OpenID Connect towards relying parties: requests checked one rule at a time, codes, tokens, metadata.

Knows neither Flask nor SQL; ``gateway.web`` carries its values over HTTP.
"""
