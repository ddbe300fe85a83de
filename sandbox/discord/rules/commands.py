"""Discord's rules for the definition of application commands."""

import re

from sandbox.discord.payloads import Payload, entries, entry, text
from sandbox.discord.rules.forms import Form, Problems
from sandbox.discord.rules.locales import LOCALES

NAME = re.compile(r"[-_'\w]{1,32}")
"""Discord's pattern also names two Indic scripts, which `\\w` covers."""
MAX_COMMANDS = {1: 100, 2: 15, 3: 15}
"""By type: chat, user and message commands (Discord's "Registering a Command")."""
MAX_CHARACTERS = 8000
"""Over names, descriptions and values of a command with all that is nested in it."""
SUBCOMMAND, GROUP, STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, NUMBER, ATTACHMENT = range(
    1, 12
)
COMMAND_FIELDS = frozenset(
    {"id", "type", "name", "name_localizations", "description", "description_localizations", "options"}
    | {"default_member_permissions", "dm_permission", "default_permission", "nsfw", "contexts"}
    | {"integration_types", "handler"}
)
OPTION_FIELDS = frozenset(
    {"type", "name", "name_localizations", "description", "description_localizations", "required", "choices"}
    | {"options", "channel_types", "min_value", "max_value", "min_length", "max_length", "autocomplete"}
)


def check_commands(payload: object, *, strict: bool = True) -> list[Payload]:
    """Return the commands if every one keeps every rule.

    Raises:
        ApiError: 50035, with every problem.
    """
    problems = Problems(strict=strict)
    listed = payload if isinstance(payload, list) else [payload]
    forms = [
        Form(item, problems=problems, path=(str(index),) if isinstance(payload, list) else ())
        for index, item in enumerate(listed)
    ]
    seen: set[tuple[object, str]] = set()
    for form in forms:
        _check_command(form)
        identity = (form.payload.get("type") or 1, text(form.payload, "name"))
        if identity in seen:
            message = "Application command names must be unique"
            form.refuse("name", code="APPLICATION_COMMANDS_DUPLICATE_NAME", message=message)
        seen.add(identity)
    kinds = [form.payload.get("type") or 1 for form in forms]
    for kind, most in MAX_COMMANDS.items():
        if kinds.count(kind) > most:
            problems.add((), code="APPLICATION_COMMAND_TOO_MANY", message=f"Maximum is {most}.")
    problems.refuse_if_any()
    return [form.payload for form in forms]


def _check_command(command: Form) -> None:
    command.only(COMMAND_FIELDS)
    kind = command.choice("type", of=(1, 2, 3)) or 1
    if kind != 1:
        command.text("name", least=1, most=32, required=True)
        _check_localizations(command, "name_localizations", most=32)
        return
    _check_name(command)
    _check_description(command)
    _check_options(command, depth=0)
    if command_characters(command.payload) > MAX_CHARACTERS:
        message = f"Command exceeds maximum size ({MAX_CHARACTERS})"
        command.refuse("", code="APPLICATION_COMMAND_TOO_LARGE", message=message)


def command_characters(command: Payload) -> int:
    """Return how many characters of a command count towards the sum; of translations the longest does."""
    own = _longest(command, "name") + _longest(command, "description")
    choices = sum(
        _longest(one, "name") + len(str(one.get("value", ""))) for one in entries(command, "choices")
    )
    return own + choices + sum(command_characters(option) for option in entries(command, "options"))


def _longest(named: Payload, field: str) -> int:
    translations = entry(named, f"{field}_localizations")
    return max(len(text(named, field)), *(len(text(translations, locale)) for locale in translations), 0)


def _check_name(form: Form) -> None:
    name = form.text("name", least=1, most=32, required=True)
    if name and (not NAME.fullmatch(name) or name != name.lower()):
        form.refuse("name", code="APPLICATION_COMMAND_INVALID_NAME", message="Command name is invalid")
    _check_localizations(form, "name_localizations", most=32)
    for localized in entry(form.payload, "name_localizations").values():
        if not isinstance(localized, str) or not NAME.fullmatch(localized) or localized != localized.lower():
            message = "Command name is invalid"
            form.refuse("name_localizations", code="APPLICATION_COMMAND_INVALID_NAME", message=message)


def _check_description(form: Form) -> None:
    form.text("description", least=1, most=100, required=True)
    _check_localizations(form, "description_localizations", most=100)


def _check_localizations(form: Form, field: str, *, most: int) -> None:
    localized = form.form(field)
    if localized is None:
        return
    localized.only(LOCALES.keys())
    for locale in localized.payload:
        localized.text(locale, least=1, most=most)


def _check_options(parent: Form, *, depth: int) -> None:
    options = parent.forms("options", most=25)
    optional_seen, seen = False, set[str]()
    kinds = {option.payload.get("type") in (SUBCOMMAND, GROUP) for option in options}
    if len(kinds) > 1:
        message = "Sub-command and sub-command group option types are mutually exclusive to all other types"
        parent.refuse("options", code="APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", message=message)
    for option in options:
        _check_option(option, depth=depth)
        name, required = text(option.payload, "name"), option.payload.get("required") is True
        if name in seen:
            message = f'Option name "{name}" is not unique'
            option.refuse("name", code="APPLICATION_COMMAND_OPTION_NAME_DUPLICATE", message=message)
        if required and optional_seen:
            message = "Required options must be placed before non-required options"
            option.refuse("", code="APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", message=message)
        optional_seen = optional_seen or not required
        seen.add(name)


def _check_option(option: Form, *, depth: int) -> None:
    option.only(OPTION_FIELDS)
    kind = option.choice("type", of=range(SUBCOMMAND, ATTACHMENT + 1), required=True)
    _check_name(option)
    _check_description(option)
    if kind in (SUBCOMMAND, GROUP):
        _check_nesting(option, kind=kind, depth=depth)
        _check_options(option, depth=depth + 1)
        return
    if option.payload.get("options"):
        message = "Only sub-commands and groups have options"
        option.refuse("options", code="APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", message=message)
    _check_choices(option, kind=kind)
    _check_bounds(option, kind=kind)


def _check_nesting(option: Form, *, kind: int, depth: int) -> None:
    if depth > (0 if kind == GROUP else 1):
        message = "Sub-commands and groups are nested too deeply"
        option.refuse("type", code="APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", message=message)
    inner = {nested.get("type") for nested in entries(option.payload, "options")}
    if (kind == GROUP and inner - {SUBCOMMAND}) or (kind == SUBCOMMAND and inner & {SUBCOMMAND, GROUP}):
        message = "This option cannot hold options of that type"
        option.refuse("options", code="APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", message=message)


def _check_choices(option: Form, *, kind: int | None) -> None:
    choices = option.forms("choices", most=25)
    if choices and kind not in (STRING, INTEGER, NUMBER):
        option.refuse("choices", code="CHOICES_NOT_ALLOWED", message="This type of option has no choices")
    for choice in choices:
        choice.only({"name", "name_localizations", "value"})
        choice.text("name", least=1, most=100, required=True)
        _check_localizations(choice, "name_localizations", most=100)
        if kind == STRING:
            choice.text("value", most=100, required=True)
        elif choice.require("value") and not isinstance(choice.payload["value"], int | float):
            choice.refuse("value", code="NUMBER_TYPE_COERCE", message="Value is not a number.")
    if option.flag("autocomplete"):
        if choices:
            message = "Cannot have both choices and autocomplete"
            option.refuse("", code="APPLICATION_COMMAND_AUTOCOMPLETE_CHOICES", message=message)
        if kind not in (STRING, INTEGER, NUMBER):
            message = "This type of option has no autocomplete"
            option.refuse("autocomplete", code="APPLICATION_COMMAND_AUTOCOMPLETE_TYPE", message=message)


def _check_bounds(option: Form, *, kind: int | None) -> None:
    for low, high, kinds in (
        ("min_value", "max_value", (INTEGER, NUMBER)),
        ("min_length", "max_length", (STRING,)),
    ):
        least, most = option.payload.get(low), option.payload.get(high)
        if (least is not None or most is not None) and kind not in kinds:
            name = low if least is not None else high
            option.refuse(name, code="BOUND_NOT_ALLOWED", message="This type of option has no such bound")
        elif isinstance(least, int | float) and isinstance(most, int | float) and least > most:
            option.refuse(low, code="BOUND_ORDER", message=f"{low} must not be larger than {high}")
    option.integer("min_length", least=0, most=6000)
    option.integer("max_length", least=1, most=6000)
