"""The moderators' actions, each recorded in the audit log."""
