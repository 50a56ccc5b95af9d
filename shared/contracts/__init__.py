"""The published language: every event, one file a service."""
