"""A Kafka broker for every machine: Apache Kafka where Java and Maven work, else an embedded one."""

from services.stream.broker.errors import BrokerFailed, BrokerUnavailable
from services.stream.broker.local import Broker, LocalBroker, local_broker, own_broker
from services.stream.broker.select import Kind

__all__ = ["Broker", "BrokerFailed", "BrokerUnavailable", "Kind", "LocalBroker", "local_broker", "own_broker"]
