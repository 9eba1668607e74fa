"""`python -m auditkit`, which works where scripts do not."""

from auditkit.cli import main

if __name__ == "__main__":
    main()
