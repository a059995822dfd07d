"""Batch progress as a Faust app."""
