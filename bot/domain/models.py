"""Models by their codes at the provider, and the names by which members know them."""

import re
from collections.abc import Collection

_CODE = re.compile(r"v([0-9])([0-9])(\+?)")


def model_name(code: str) -> str:
    """Return a model's name, for example "v5.5" for `v55` and "v4" for `v40`; an unknown code as it is."""
    version = _version(code)
    if version is None:
        return code
    major, minor, plus = version
    return f"v{major}{f'.{minor}' if minor else ''}{plus}"


def find_model(text: str, models: Collection[str]) -> str | None:
    """Return the code of the model that the text means: its code or its name, in any case, "v" or none."""
    wanted = _bare(text)
    named = {_bare(spelling): code for code in models for spelling in (model_name(code), code)}
    return named.get(wanted)


def newest_model(models: Collection[str]) -> str | None:
    """Return the code with the highest version; None if no code has one."""
    versions = {code: version for code in models if (version := _version(code))}
    return max(versions, key=lambda code: versions[code], default=None)


def _version(code: str) -> tuple[int, int, str] | None:
    found = _CODE.fullmatch(code)
    return (int(found[1]), int(found[2]), found[3]) if found else None


def _bare(text: str) -> str:
    return text.strip().casefold().removeprefix("v")
