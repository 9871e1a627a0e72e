"""One file a verb: `Ask` is what it takes (its docstring is the help), `act` does it, `EXAMPLES` end the help."""
