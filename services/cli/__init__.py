"""The `diachi` command line; one file a command."""
