"""A local Discord and a local CQTAI for the demo, the end-to-end tests and the benchmarks."""
