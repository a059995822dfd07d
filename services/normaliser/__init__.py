"""Raw address records in, matched records out."""
