"""Discord's rules for modals and autocomplete choices."""

from sandbox.discord.errors import UnimplementedError
from sandbox.discord.payloads import Payload
from sandbox.discord.rules.components import ROW, STRING_SELECT, TEXT_INPUT
from sandbox.discord.rules.forms import Form, Problems

LABEL, TEXT_DISPLAY = 18, 10
INPUT_FIELDS = frozenset(
    {
        "type",
        "id",
        "custom_id",
        "style",
        "label",
        "min_length",
        "max_length",
        "required",
        "value",
        "placeholder",
    }
)
SELECT_FIELDS = frozenset(
    {"type", "id", "custom_id", "placeholder", "min_values", "max_values", "required", "disabled", "options"}
)


def check_modal(payload: object, *, strict: bool = True) -> Payload:
    """Return the modal if it keeps every limit.

    Raises:
        ApiError: 50035, with every problem.
        UnimplementedError: It holds a component that the sandbox does not know.
    """
    problems = Problems(strict=strict)
    form = Form(payload, problems=problems, path=("data",))
    form.only({"custom_id", "title", "components"})
    form.text("custom_id", least=1, most=100, required=True)
    form.text("title", least=1, most=45, required=True)
    for part in form.forms("components", least=1, most=5, required=True):
        _check_part(part)
    problems.refuse_if_any()
    return form.payload


def _check_part(part: Form) -> None:
    kind = part.payload.get("type")
    if kind == ROW:
        part.only({"type", "id", "components"})
        for inner in part.forms("components", least=1, most=1, required=True):
            _check_input(inner, labelled=True)
    elif kind == LABEL:
        part.only({"type", "id", "label", "description", "component"})
        part.text("label", least=1, most=45, required=True)
        part.text("description", most=100)
        component = part.form("component") if part.require("component") else None
        if component is not None:
            _check_input(component, labelled=False)
    elif kind == TEXT_DISPLAY:
        part.only({"type", "id", "content"})
        part.text("content", least=1, most=4000, required=True)
    else:
        raise UnimplementedError(f"component type {kind} in a modal")


def _check_input(component: Form, *, labelled: bool) -> None:
    kind = component.payload.get("type")
    component.text("custom_id", least=1, most=100, required=True)
    if kind == TEXT_INPUT:
        component.only(INPUT_FIELDS)
        component.choice("style", of=(1, 2), required=True)
        component.text("label", least=1, most=45, required=labelled)
        component.integer("min_length", least=0, most=4000)
        component.integer("max_length", least=1, most=4000)
        component.text("value", most=4000)
        component.text("placeholder", most=100)
    elif kind == STRING_SELECT and not labelled:
        component.only(SELECT_FIELDS)
        component.forms("options", least=1, most=25, required=True)
    else:
        raise UnimplementedError(f"component type {kind} as an input of a modal")


def check_choices(payload: object, *, option_type: int) -> list[Payload]:
    """Return the autocomplete choices if they fit an option of this type (3 text, 4 integer, 10 number).

    Raises:
        ApiError: 50035, with every problem.
    """
    problems = Problems()
    form = Form(payload, problems=problems, path=("data",))
    form.only({"choices"})
    choices = form.forms("choices", most=25)
    for choice in choices:
        choice.only({"name", "name_localizations", "value"})
        choice.text("name", least=1, most=100, required=True)
        if option_type == 3:
            choice.text("value", most=100, required=True)
        elif choice.require("value") and not isinstance(choice.payload["value"], int | float):
            choice.refuse("value", code="NUMBER_TYPE_COERCE", message="Value is not a number.")
    problems.refuse_if_any()
    return [choice.payload for choice in choices]
