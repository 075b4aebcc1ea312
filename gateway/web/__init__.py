"""All Flask: turns requests into our types, calls one use-case, renders the outcome."""
