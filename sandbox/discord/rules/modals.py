"""Discord's rules for modals and autocomplete choices."""

from sandbox.discord.errors import UnimplementedError
from sandbox.discord.payloads import Payload
from sandbox.discord.rules.components import ROW, TEXT_INPUT, check_unique
from sandbox.discord.rules.forms import Form, Problems
from sandbox.discord.rules.selects import SELECTS, check_select

LABEL, TEXT_DISPLAY = 18, 10
MAX_PARTS, MAX_TEXT = 5, 4000
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
    seen: set[str] = set()
    for part in form.forms("components", least=1, most=MAX_PARTS, required=True):
        for component in _inputs(part):
            check_unique(component, seen=seen)
    problems.refuse_if_any()
    return form.payload


def _inputs(part: Form) -> list[Form]:
    """Check one part of a modal and return what is to be filled in there."""
    kind = part.payload.get("type")
    if kind == ROW:
        part.only({"type", "id", "components"})
        inputs = part.forms("components", least=1, most=1, required=True)
        for inner in inputs:
            _check_input(inner, labelled=True)
        return inputs
    if kind == LABEL:
        part.only({"type", "id", "label", "description", "component"})
        part.text("label", least=1, most=45, required=True)
        part.text("description", most=100)
        component = part.form("component") if part.require("component") else None
        if component is None:
            return []
        _check_input(component, labelled=False)
        return [component]
    if kind == TEXT_DISPLAY:
        part.only({"type", "id", "content"})
        part.text("content", least=1, most=4000, required=True)
        return []
    raise UnimplementedError(f"component type {kind} in a modal")


def _check_input(component: Form, *, labelled: bool) -> None:
    kind = component.payload.get("type")
    if kind in SELECTS and not labelled:
        check_select(component, in_modal=True)
    elif kind == TEXT_INPUT:
        _check_text_input(component, labelled=labelled)
    else:
        raise UnimplementedError(f"component type {kind} as an input of a modal")


def _check_text_input(component: Form, *, labelled: bool) -> None:
    component.only(INPUT_FIELDS)
    component.text("custom_id", least=1, most=100, required=True)
    component.choice("style", of=(1, 2), required=True)
    component.text("label", least=1, most=45, required=labelled)
    least = component.integer("min_length", least=0, most=MAX_TEXT)
    most = component.integer("max_length", least=1, most=MAX_TEXT)
    if least is not None and most is not None and least > most:
        message = "min_length must be less than or equal to max_length"
        component.refuse("min_length", code="TEXT_INPUT_MIN_LENGTH", message=message)
    if component.payload.get("value"):
        component.text("value", least=least or 0, most=MAX_TEXT if most is None else most)
    component.text("placeholder", most=100)


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
