"""Kafka and MongoDB: as many machines as one likes."""

import os

os.environ.setdefault("MOTOR_MAX_WORKERS", "64")  # motor reads it when it is imported: each call that waits for MongoDB holds a thread
