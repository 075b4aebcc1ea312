"""Certificates: what each must look like, whether one does, and a development hierarchy.

Owns profiles, the judge, loading of keys and certificates, the development CA and its revocation lists.
Knows nothing of logins.
"""
