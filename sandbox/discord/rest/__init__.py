"""HTTP API: routes, uploads and the steps of every request."""
