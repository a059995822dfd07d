"""The sample batch and how it is composed."""
