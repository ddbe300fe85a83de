"""A headless local Discord: HTTP API v10 and gateway on loopback, as strict as the real one."""

from sandbox.discord.faults import Fault, FaultKind
from sandbox.discord.limits import Bucket, Limits
from sandbox.discord.model.permissions import Permission
from sandbox.discord.people.person import PickerError
from sandbox.discord.server import LocalDiscord

__all__ = ["Bucket", "Fault", "FaultKind", "Limits", "LocalDiscord", "Permission", "PickerError"]
