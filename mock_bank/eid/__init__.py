"""eID cards made of software: a test authority, its cards, what says whether they are revoked, and a page that signs."""
