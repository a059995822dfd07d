"""Checks what users import into the gazetteer, row by row: village lists, postal codes, boundaries. Pure functions."""
