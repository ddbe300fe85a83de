"""Discord's rules for selects, in messages and in modals (reference, "Component Reference")."""

from sandbox.discord.payloads import entries, text
from sandbox.discord.rules.forms import Form

STRING_SELECT, USER_SELECT, ROLE_SELECT, MENTIONABLE_SELECT, CHANNEL_SELECT = 3, 5, 6, 7, 8
SELECTS = (STRING_SELECT, USER_SELECT, ROLE_SELECT, MENTIONABLE_SELECT, CHANNEL_SELECT)
MAX_VALUES = 25
DEFAULT_KINDS = {
    USER_SELECT: ("user",),
    ROLE_SELECT: ("role",),
    MENTIONABLE_SELECT: ("user", "role"),
    CHANNEL_SELECT: ("channel",),
}
"""What `default_values` can name in a select of that type."""
COMMON_FIELDS = frozenset(
    {"type", "id", "custom_id", "placeholder", "min_values", "max_values", "disabled", "required"}
)


def check_select(select: Form, *, in_modal: bool) -> None:
    """Check that a select keeps every limit; note those that it does not in the form."""
    strings = select.payload.get("type") == STRING_SELECT
    places = {"channel_types"} if select.payload.get("type") == CHANNEL_SELECT else set()
    select.only(COMMON_FIELDS | ({"options"} if strings else {"default_values"} | places))
    select.text("custom_id", least=1, most=100, required=True)
    select.text("placeholder", most=150)
    least = select.integer("min_values", least=0, most=MAX_VALUES)
    most = select.integer("max_values", least=1, most=MAX_VALUES)
    most = 1 if most is None else most
    if least is not None and least > most:
        message = "min_values must be less than or equal to max_values"
        select.refuse("min_values", code="SELECT_COMPONENT_MIN_VALUES", message=message)
    if in_modal:
        _check_in_modal(select, least=least)
    chosen = _check_options(select, most=most) if strings else _check_defaults(select)
    if chosen > most or 0 < chosen < (1 if least is None else least):
        message = "The default values must be as many as min_values and max_values allow"
        select.refuse("", code="SELECT_COMPONENT_DEFAULT_VALUES", message=message)


def _check_in_modal(select: Form, *, least: int | None) -> None:
    if select.flag("disabled"):
        message = "A component in a modal cannot be disabled"
        select.refuse("disabled", code="MODAL_COMPONENT_DISABLED", message=message)
    if least == 0 and select.payload.get("required") is not False:
        message = "min_values must be at least 1 if the component is required"
        select.refuse("min_values", code="SELECT_COMPONENT_REQUIRED_MIN_VALUES", message=message)


def _check_options(select: Form, *, most: int) -> int:
    """Check a string select's options and return how many are chosen at first."""
    # Discord counts the options against max_values, too.
    options = select.forms("options", least=min(most, MAX_VALUES), most=MAX_VALUES, required=True)
    seen: set[str] = set()
    for option in options:
        option.only({"label", "value", "description", "emoji", "default"})
        option.text("label", least=1, most=100, required=True)
        value = option.text("value", least=1, most=100, required=True)
        option.text("description", most=100)
        if emoji := option.form("emoji"):
            emoji.only({"id", "name", "animated"})
        if value in seen:
            message = "The specified option value is already used"
            option.refuse("value", code="SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", message=message)
        seen.add(value or "")
    return sum(option.flag("default") for option in options)


def _check_defaults(select: Form) -> int:
    """Check a select's default members, roles or channels and return how many there are."""
    kinds = DEFAULT_KINDS[int(str(select.payload["type"]))]
    for default in select.forms("default_values", most=MAX_VALUES):
        default.only({"id", "type"})
        default.require("id")
        if text(default.payload, "type") not in kinds:
            message = f"Value must be one of {{{', '.join(kinds)}}}."
            default.refuse("type", code="BASE_TYPE_CHOICES", message=message)
    return len(entries(select.payload, "default_values"))
