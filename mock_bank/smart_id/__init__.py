"""A Smart-ID service for tests: its API for relying parties, versions 3 and 2, and the app on people's telephones.

Written from the specification (eid-providers.md section 10) and from nothing of the gateway's.
"""
