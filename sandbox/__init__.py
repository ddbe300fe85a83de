"""A local Discord and a local CQTAI for the demo, the integration tests and the benchmarks."""
