#!/usr/bin/env bash
# Makes the topics, and gives each principal what it needs and nothing else. Made by `diachi topics script` from
# schemas/asyncapi.yaml: change that, not this. `diachi topics create` and `diachi topics acls --apply` do the same.
# Runs as one of the brokers' super.users, and may run again. From the environment:
#   KAFKA_BOOTSTRAP_SERVERS                   the brokers
#   COMMAND_CONFIG                            file of client properties for Kafka's tools
#   DIACHI_TOPIC_PREFIX                       as the services have it; by default none
#   DIACHI_PARTITIONS                         by default those of the document; not for topics that have one there
#   DIACHI_REPLICATION_FACTOR                 by default 3
#   KAFKA_TOPICS, KAFKA_ACLS                  the tools; by default kafka-topics.sh and kafka-acls.sh
set -euo pipefail
servers="${KAFKA_BOOTSTRAP_SERVERS:?set KAFKA_BOOTSTRAP_SERVERS}"
config="${COMMAND_CONFIG:?set COMMAND_CONFIG}"
prefix="${DIACHI_TOPIC_PREFIX:-}"
replicas="${DIACHI_REPLICATION_FACTOR:-3}"

topic() { # name, partitions, most replicas to wait for, settings...
  local name="$prefix$1" partitions="${DIACHI_PARTITIONS:-$2}" insync="$3" settings=()
  if [ "$2" = 1 ]; then partitions=1; fi # its order is what it is for
  shift 3
  for setting in "$@"; do settings+=(--config "$setting"); done
  settings+=(--config "min.insync.replicas=$((insync < replicas ? insync : replicas))")
  "${KAFKA_TOPICS:-kafka-topics.sh}" --bootstrap-server "$servers" --command-config "$config" \
    --create --if-not-exists --topic "$name" \
    --partitions "$partitions" --replication-factor "$replicas" "${settings[@]}"
}

allow() { # principal, operation, kind of resource, pattern, names...
  local principal="$1" operation="$2" kind="$3" pattern="$4" names=()
  shift 4
  for name in "$@"; do names+=("--$kind" "$prefix$name"); done
  "${KAFKA_ACLS:-kafka-acls.sh}" --bootstrap-server "$servers" --command-config "$config" --add \
    --allow-principal "$principal" --operation "$operation" --resource-pattern-type "$pattern" "${names[@]}"
}

topic address.raw.v1 12 2 cleanup.policy=delete retention.ms=604800000 segment.ms=86400000 max.message.bytes=1048576 message.timestamp.type=LogAppendTime compression.type=uncompressed
topic address.raw.v1.dlq 12 2 cleanup.policy=delete retention.ms=1209600000 segment.ms=86400000 max.message.bytes=2097152 message.timestamp.type=LogAppendTime
topic address.matched.v1 12 2 cleanup.policy=delete retention.ms=604800000 max.message.bytes=1048576 message.timestamp.type=LogAppendTime
topic address.matched.v1.dlq 12 2 cleanup.policy=delete retention.ms=1209600000 max.message.bytes=2097152 message.timestamp.type=LogAppendTime
topic address.review.v1 12 2 cleanup.policy=compact delete.retention.ms=604800000 max.compaction.lag.ms=86400000 max.message.bytes=1048576
topic address.digitised.v1 12 2 cleanup.policy=compact delete.retention.ms=604800000 max.compaction.lag.ms=86400000 max.message.bytes=1048576
topic address.map-feature.v1 12 2 cleanup.policy=compact delete.retention.ms=604800000 max.compaction.lag.ms=86400000 max.message.bytes=1048576
topic address.national.v1 12 2 cleanup.policy=compact delete.retention.ms=604800000 max.compaction.lag.ms=86400000 max.message.bytes=1048576
topic batch.progress.v1 12 2 cleanup.policy=delete retention.ms=2592000000 max.message.bytes=1048576 message.timestamp.type=LogAppendTime
topic batch.status.v1 12 2 cleanup.policy=compact delete.retention.ms=604800000 max.message.bytes=1048576
topic gazetteer.village.v1 1 2 cleanup.policy=compact delete.retention.ms=604800000 max.message.bytes=1048576
topic dead-letter.handled.v1 12 2 cleanup.policy=delete retention.ms=2592000000 max.message.bytes=1048576 message.timestamp.type=LogAppendTime
topic normaliser.state.v1 12 2 cleanup.policy=compact delete.retention.ms=604800000 segment.bytes=67108864 max.message.bytes=1048576
topic registrar.state.v1 12 2 cleanup.policy=compact delete.retention.ms=604800000 segment.bytes=67108864 max.message.bytes=1048576

allow User:dead-letter-tool Read group prefixed dead-letter-tool
allow User:dead-letter-tool Read topic literal address.matched.v1.dlq address.raw.v1.dlq dead-letter.handled.v1
allow User:dead-letter-tool Write topic literal address.matched.v1 address.raw.v1 dead-letter.handled.v1
allow User:dead-letter-tool Write transactional-id prefixed dead-letter-tool
allow User:gazetteer-tool Read group prefixed gazetteer-tool
allow User:gazetteer-tool Read topic literal gazetteer.village.v1
allow User:gazetteer-tool Write topic literal gazetteer.village.v1
allow User:intake Read group prefixed intake
allow User:intake Read topic literal address.digitised.v1 address.raw.v1 address.raw.v1.dlq address.review.v1 batch.progress.v1 batch.status.v1
allow User:intake Write topic literal address.raw.v1 batch.progress.v1
allow User:map-service Read group prefixed map-service
allow User:map-service Read topic literal address.digitised.v1 address.map-feature.v1
allow User:national-platform Read group prefixed national-platform
allow User:national-platform Read topic literal address.national.v1
allow User:normaliser Read group literal normaliser
allow User:normaliser Read topic literal address.raw.v1 gazetteer.village.v1 normaliser.state.v1
allow User:normaliser Write topic literal address.matched.v1 address.raw.v1.dlq address.review.v1 batch.progress.v1 normaliser.state.v1
allow User:normaliser Write transactional-id prefixed normaliser-address.raw.v1-
allow User:operator Write topic literal address.raw.v1
allow User:registrar Read group literal registrar
allow User:registrar Read topic literal address.matched.v1 registrar.state.v1
allow User:registrar Write topic literal address.digitised.v1 address.map-feature.v1 address.matched.v1.dlq address.national.v1 batch.progress.v1 registrar.state.v1
allow User:registrar Write transactional-id prefixed registrar-address.matched.v1-
allow User:reprocess-tool Describe group literal registrar
allow User:reprocess-tool Read group prefixed reprocess-tool
allow User:reprocess-tool Read topic literal address.digitised.v1 address.matched.v1 normaliser.state.v1
allow User:reprocess-tool Write topic literal address.raw.v1
allow User:tracker Create topic literal diachi-tracker-batches-changelog
allow User:tracker Read group literal diachi-tracker
allow User:tracker Read topic literal batch.progress.v1 diachi-tracker-batches-changelog
allow User:tracker Write topic literal batch.status.v1 diachi-tracker-batches-changelog
allow User:tracker Write transactional-id prefixed diachi-tracker-
