"""What moderators settle, each action with its audit entry."""
