"""Kafka and MongoDB: as many machines as one likes."""
