"""The checks of the source tables, one kind of trouble a file."""
