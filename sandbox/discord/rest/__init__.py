"""HTTP API: routes, rate limits, faults and the steps of every request."""
