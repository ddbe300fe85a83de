"""Messages that answer no interaction: status, result and approval, and how they are sent."""
