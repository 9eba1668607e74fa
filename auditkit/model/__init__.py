"""The nouns: frozen values, each declared once, with the arithmetic of a policy. No I/O."""
