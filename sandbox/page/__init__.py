"""A web page that behaves like a small Discord server, over the local Discord and the local provider."""

from sandbox.page.server import Page

__all__ = ["Page"]
