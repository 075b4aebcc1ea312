"""The conformance suite: decides, with its own eyes, whether a provider may be connected.

Its checks arrive with a later change; today the package holds its place in the import rules.
"""
