"""Reads operators' files and submits them as batches."""
