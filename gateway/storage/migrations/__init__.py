"""The steps that made the tables what they are, in order. The audit tables only ever grow (style.md 20)."""
