"""The persistence ports: what a unit of work can read and write, a module a topic."""
