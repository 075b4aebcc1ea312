"""Public procedures as typed values, and the functions that move a case of one.

A procedure (``model``) is a value that somebody else defines and ``validate.load`` looks at. A case (``case``) is what is
known of one application: ``engine.move`` gives what it becomes by a command, as entries, and ``fold.replay`` gives it back
from them. Nothing here stores, sends, asks or knows a procedure by name.
"""
