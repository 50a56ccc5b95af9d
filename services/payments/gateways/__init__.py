"""Adapters of payment gateways. Those of others are found by the entry point ``ringup.gateways``."""
