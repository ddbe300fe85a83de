"""The sentences that people read, and how text is made safe for Discord."""
