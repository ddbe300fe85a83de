"""What tests run against: services, a bot, a cluster, crashes and the page."""
