"""The persistence ports: what a unit of work reads and writes, one module for each topic."""
