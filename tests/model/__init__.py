"""The pipeline under random histories, beside a model of its rules, `rules.py` and `registry_rules.py`."""
