"""Discord's rules for the components of a message: rows of buttons or one select each."""

from sandbox.discord.errors import UnimplementedError
from sandbox.discord.rules.forms import Form
from sandbox.discord.rules.selects import CHANNEL_SELECT, SELECTS, check_select

ROW, BUTTON, TEXT_INPUT = 1, 2, 4
LINK_STYLE, PREMIUM_STYLE = 5, 6
MAX_ROWS = 5
BUTTON_FIELDS = frozenset({"type", "id", "custom_id", "style", "label", "disabled", "url", "sku_id", "emoji"})


def check_components(form: Form) -> None:
    """Check that the `components` of a message are rows that keep every limit.

    Raises:
        UnimplementedError: Components of the second version, which the sandbox does not know.
    """
    seen: set[str] = set()
    for row in form.forms("components", most=MAX_ROWS):
        if row.payload.get("type") != ROW:
            _refuse_layout(row)
            continue
        row.only({"type", "id", "components"})
        members = row.forms("components", least=1, most=5, required=True)
        for member in members:
            _check_in_row(member)
            check_unique(member, seen=seen)
        if len(members) > 1 and any(member.payload.get("type") in SELECTS for member in members):
            message = "Components displayed are too wide for the container"
            row.refuse("components", code="COMPONENT_LAYOUT_WIDTH_EXCEEDED", message=message)


def _refuse_layout(row: Form) -> None:
    kind = row.payload.get("type")
    if isinstance(kind, int) and kind > CHANNEL_SELECT:
        raise UnimplementedError(f"component type {kind} in a message")
    row.refuse("type", code="UNION_TYPE_CHOICES", message='Value of field "type" must be one of (1,).')


def _check_in_row(component: Form) -> None:
    kind = component.payload.get("type")
    if kind == BUTTON:
        _check_button(component)
    elif kind in SELECTS:
        check_select(component, in_modal=False)
    else:
        message = 'Value of field "type" must be one of (2, 3, 5, 6, 7, 8).'
        component.refuse("type", code="UNION_TYPE_CHOICES", message=message)


def _check_button(button: Form) -> None:
    button.only(BUTTON_FIELDS)
    style = button.choice("style", of=range(1, 7), required=True)
    if style == PREMIUM_STYLE:
        raise UnimplementedError("premium buttons")
    button.text("label", most=80)
    button.flag("disabled")
    button.url("url", most=512, schemes=("http", "https", "discord"))
    button.text("custom_id", least=1, most=100)
    if style == LINK_STYLE:
        if not button.payload.get("url"):
            button.refuse("url", code="BASE_TYPE_REQUIRED", message="A url is required")
        if button.has("custom_id"):
            message = "A custom id and url cannot both be specified"
            button.refuse("custom_id", code="COMPONENT_CUSTOM_ID_AND_URL", message=message)
    else:
        if not button.has("custom_id"):
            button.refuse("custom_id", code="COMPONENT_CUSTOM_ID_REQUIRED", message="A custom id is required")
        if button.has("url"):
            message = "A url can only be used with a link button"
            button.refuse("url", code="BUTTON_COMPONENT_INVALID_URL", message=message)
    if not button.payload.get("label") and not button.has("emoji"):
        message = "A label or emoji is required"
        button.refuse("label", code="BUTTON_COMPONENT_LABEL_OR_EMOJI_REQUIRED", message=message)


def check_unique(component: Form, *, seen: set[str]) -> None:
    """Note a custom id that another component of the message or modal has, too."""
    custom_id = component.payload.get("custom_id")
    if not isinstance(custom_id, str):
        return
    if custom_id in seen:
        message = "Component custom id cannot be duplicated"
        component.refuse("custom_id", code="COMPONENT_CUSTOM_ID_DUPLICATED", message=message)
    seen.add(custom_id)
