"""The contract: one JSON Schema and one Python record for each record version on each topic."""
