"""Names of the topics. Their partitions, retention and limits stand in schemas/asyncapi.yaml."""

from __future__ import annotations

RAW = "address.raw.v1"
RAW_DEAD_LETTERS = "address.raw.v1.dlq"
MATCHED = "address.matched.v1"
MATCHED_DEAD_LETTERS = "address.matched.v1.dlq"
REVIEW = "address.review.v1"
DIGITISED = "address.digitised.v1"
MAP_FEATURE = "address.map-feature.v1"
NATIONAL = "address.national.v1"
BATCH_PROGRESS = "batch.progress.v1"
BATCH_STATUS = "batch.status.v1"
HANDLED_LETTERS = "dead-letter.handled.v1"
NORMALISER_STATE = "normaliser.state.v1"
VILLAGES = "gazetteer.village.v1"
REGISTRAR_STATE = "registrar.state.v1"
