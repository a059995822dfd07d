"""The domain, pure functions: parse, match, locate, decide, code, identity. No Kafka, no HTTP, no files."""
