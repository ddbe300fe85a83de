"""The build of a wheel: it compiles the catalogues of translations."""

from pathlib import Path

from babel.messages.frontend import CommandLineInterface
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompiledCatalogues(BuildHookInterface):
    """A build hook that makes `messages.mo` of each `messages.po`."""

    def initialize(self, version: str, build_data: dict[str, object]) -> None:  # noqa: ARG002 - hatchling's
        """Compile the catalogues in place; pyproject.toml names them as artifacts."""
        folder = Path(self.root, "bot", "locales")
        CommandLineInterface().run(["pybabel", "--quiet", "compile", "--directory", str(folder)])
