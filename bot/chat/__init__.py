"""Discord at arm's length: what members read, press and get, and how it is sent."""
