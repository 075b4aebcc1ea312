"""Public procedures as typed values, and the one function that moves a case.

The engine arrives with a later change; today the package holds its place in the import rules.
"""
