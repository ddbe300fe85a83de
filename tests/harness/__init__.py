"""The harnesses of the tests: services, a bot, a cluster, crashes and the page."""
