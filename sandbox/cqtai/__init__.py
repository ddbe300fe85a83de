"""A local CQTAI: the song provider for the integration tests, the benchmarks and the demo."""

from sandbox.cqtai.playlists import PLAYLISTS, Playlist
from sandbox.cqtai.server import LocalProvider
from sandbox.cqtai.state import RequestLine, Terms
from sandbox.cqtai.tasks import Pace, TaskSnapshot

__all__ = ["PLAYLISTS", "LocalProvider", "Pace", "Playlist", "RequestLine", "TaskSnapshot", "Terms"]
