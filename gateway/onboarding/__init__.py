"""How a bank or another eID provider is taken on: the seven stages as a value of ``procedures``, and their rules.

What is here is pure. Cases are stored by ``gateway.storage``, shown by ``gateway.web``; registers are asked and letters
sent by others, who report to the engine what came of it.
"""
