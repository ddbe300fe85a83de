"""Discord: the client, commands' answers, buttons, messages and how they are sent."""
