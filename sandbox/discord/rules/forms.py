"""Validation of a request field by field, and the nested tree of Discord's error messages."""

from collections.abc import Collection
from urllib.parse import urlsplit

from sandbox.discord.errors import invalid_form
from sandbox.discord.payloads import Payload, as_payload

Path = tuple[str, ...]


class Problems:
    """All problems of one request."""

    def __init__(self, *, strict: bool = True) -> None:
        self.strict = strict
        """Whether fields that the sandbox does not know are problems, too."""
        self._tree: Payload = {}

    def add(self, path: Path, *, code: str, message: str) -> None:
        """Add a problem to the tree at the path."""
        node = self._tree
        for step in path:
            below = node.setdefault(step, {})
            node = below if isinstance(below, dict) else {}
        found = node.setdefault("_errors", [])
        if isinstance(found, list):
            found.append({"code": code, "message": message})

    def refuse_if_any(self) -> None:
        """Raise if the request has a problem.

        Raises:
            ApiError: 50035, with the tree of all problems.
        """
        if self._tree:
            raise invalid_form(self._tree)


class Form:
    """One object of a request, and its path in it; each reader notes what is wrong."""

    def __init__(self, value: object, *, problems: Problems, path: Path = ()) -> None:
        self.problems = problems
        self.path = path
        self.payload = as_payload(value)
        if not isinstance(value, dict):
            message = "Only dictionaries may be used in a DictType"
            problems.add(path, code="DICT_TYPE_CONVERT", message=message)

    def refuse(self, name: str, *, code: str, message: str) -> None:
        """Note a problem of the field `name` (dots lead deeper; empty for the object itself)."""
        below = name.split(".") if name else []
        self.problems.add((*self.path, *below), code=code, message=message)

    def only(self, names: Collection[str]) -> None:
        """Note all fields but these; Discord mostly ignores others, which hides spelling mistakes."""
        for name in self.payload.keys() - set(names) if self.problems.strict else ():
            self.refuse(name, code="UNKNOWN_FIELD", message="The sandbox knows no such field.")

    def has(self, name: str) -> bool:
        """Tell whether the field is there and not null."""
        return self.payload.get(name) is not None

    def require(self, name: str) -> bool:
        """Tell whether the field is there; note a problem if it is not."""
        if not self.has(name):
            self.refuse(name, code="BASE_TYPE_REQUIRED", message="This field is required")
            return False
        return True

    def trimmed(self, name: str, *, most: int, required: bool = False) -> None:
        """Check the string under a name as Discord does in embeds: without the blanks around it."""
        value = self.payload.get(name)
        if isinstance(value, str):
            self.payload[name] = value.strip() or None
        self.text(name, most=most, required=required)

    def text(self, name: str, *, most: int, least: int = 0, required: bool = False) -> str | None:
        """Return the string under a name, of `least` to `most` characters."""
        value = self._value(name, required=required)
        if value is None:
            return None
        if not isinstance(value, str):
            self.refuse(name, code="STRING_TYPE_CONVERT", message="Could not interpret as a string.")
            return None
        if least and not least <= len(value) <= most:
            message = f"Must be between {least} and {most} in length."
            self.refuse(name, code="BASE_TYPE_BAD_LENGTH", message=message)
        elif len(value) > most:
            message = f"Must be {most} or fewer in length."
            self.refuse(name, code="BASE_TYPE_MAX_LENGTH", message=message)
        return value

    def integer(self, name: str, *, least: int, most: int, required: bool = False) -> int | None:
        """Return the whole number under a name, from `least` to `most`."""
        value = self._value(name, required=required)
        if value is None:
            return None
        if isinstance(value, str) and value.lstrip("-").isdecimal():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            self.refuse(name, code="NUMBER_TYPE_COERCE", message=f'Value "{value}" is not int.')
            return None
        if value > most:
            message = f"int value should be less than or equal to {most}."
            self.refuse(name, code="NUMBER_TYPE_MAX", message=message)
        if value < least:
            message = f"int value should be greater than or equal to {least}."
            self.refuse(name, code="NUMBER_TYPE_MIN", message=message)
        return value

    def choice(self, name: str, *, of: Collection[int], required: bool = False) -> int | None:
        """Return the whole number under a name, one of a few."""
        value = self._value(name, required=required)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or value not in of:
            message = f"Value must be one of {{{', '.join(map(str, sorted(of)))}}}."
            self.refuse(name, code="BASE_TYPE_CHOICES", message=message)
            return None
        return value

    def flag(self, name: str) -> bool:
        """Return the truth value under a name, False if absent."""
        value = self.payload.get(name)
        if value is None or isinstance(value, bool):
            return bool(value)
        self.refuse(name, code="BOOLEAN_TYPE_CONVERT", message="Must be either true or false.")
        return False

    def url(self, name: str, *, most: int = 2048, schemes: tuple[str, ...] = ("http", "https")) -> None:
        """Check that the address under a name is well formed and of one of the schemes."""
        value = self.text(name, most=most)
        if not value:
            return
        try:
            parts = urlsplit(value)
        except ValueError:
            self.refuse(name, code="URL_TYPE_INVALID_URL", message="Not a well formed URL.")
            return
        if parts.scheme not in schemes:
            message = f'Scheme "{parts.scheme}" is not supported. Scheme must be one of {schemes}.'
            self.refuse(name, code="URL_TYPE_INVALID_SCHEME", message=message)
        elif not parts.netloc or any(sign.isspace() for sign in value):
            self.refuse(name, code="URL_TYPE_INVALID_URL", message="Not a well formed URL.")

    def form(self, name: str) -> "Form | None":
        """Return the object under a name."""
        if not self.has(name):
            return None
        return Form(self.payload[name], problems=self.problems, path=(*self.path, name))

    def forms(self, name: str, *, most: int, least: int = 0, required: bool = False) -> list["Form"]:
        """Return the objects of the list under a name, `least` to `most` of them."""
        value = self._value(name, required=required)
        if value is None:
            return []
        if not isinstance(value, list):
            self.refuse(name, code="LIST_TYPE_CONVERT", message="Only iterables may be used in a ListType")
            return []
        if not least <= len(value) <= most:
            message = (
                f"Must be between {least} and {most} in length."
                if least
                else f"Must be {most} or fewer in length."
            )
            self.refuse(
                name, code="BASE_TYPE_BAD_LENGTH" if least else "BASE_TYPE_MAX_LENGTH", message=message
            )
        return [
            Form(item, problems=self.problems, path=(*self.path, name, str(index)))
            for index, item in enumerate(value)
        ]

    def _value(self, name: str, *, required: bool) -> object:
        if required and not self.require(name):
            return None
        return self.payload.get(name)
