"""Event sourcing in plain Python: deciders, commands, views, policies, effects. No I/O, no driver."""
