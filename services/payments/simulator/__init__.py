"""A gateway to try everything with: magic card numbers, and a durable ledger of its own."""
