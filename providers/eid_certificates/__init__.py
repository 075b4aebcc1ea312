"""Certificates of people, on cards and in telephones: whether one may be believed, and whom it names.

Owns strict reading, purpose, policies, the way to a configured certificate authority, revocation, and the person in
the subject (eid-providers.md section 8). Leaves to each protocol how it proves that the person holds the key.
"""
