"""The whole thing on one machine: files, processes, and one person who signs in by herself.

Knows the other parts as an operator does: by their settings files, their commands and their URLs.
"""
