"""The single writer of the codes of a registry area."""
