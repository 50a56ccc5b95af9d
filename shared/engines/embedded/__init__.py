"""One machine, nothing to install: SQLite for streams, topics, documents and keys."""
