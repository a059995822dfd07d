"""All that knows Kafka: the exactly-once processor, topics, envelope, dead letters, settings, metrics, health."""
