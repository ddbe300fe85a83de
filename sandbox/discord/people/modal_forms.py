"""Modals as a person fills them in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sandbox.discord.model.world import Guild
from sandbox.discord.payloads import Payload, entries, entry, text
from sandbox.discord.people.picker import PickerError
from sandbox.discord.people.select_menus import Resolved, chosen, preselected
from sandbox.discord.rules.components import TEXT_INPUT
from sandbox.discord.rules.modals import LABEL, TEXT_DISPLAY

Values = Mapping[str, str | Sequence[str]]
"""What is filled in, by custom id or label: a text, or what is chosen in a select."""


@dataclass(slots=True, kw_only=True)
class ModalForm:
    """One submission of a modal as it is put together."""

    left: dict[str, str | Sequence[str]]
    """What is not filled in yet."""
    guild: Guild
    resolved: Resolved = field(default_factory=dict)


def filled_in(modal: Payload, *, values: Values, guild: Guild) -> Payload:
    """Return the `data` of the submission.

    Raises:
        PickerError: A value fits no field, or a field does not take its value.
    """
    form = ModalForm(left=dict(values), guild=guild)
    sent = []
    for index, part in enumerate(entries(modal, "components"), start=1):
        shown: Payload = {"type": part["type"], "id": index}
        if part["type"] == LABEL:
            component = entry(part, "component")
            sent.append(shown | {"component": _field(component, label=text(part, "label"), form=form)})
        elif part["type"] == TEXT_DISPLAY:
            sent.append(shown)
        else:
            inputs = entries(part, "components")
            sent.append(
                shown | {"components": [_field(one, label=text(one, "label"), form=form) for one in inputs]}
            )
    if form.left:
        raise PickerError(f"the modal has no {', '.join(sorted(form.left))}")
    data: Payload = {"custom_id": modal["custom_id"], "components": sent}
    return data | ({"resolved": form.resolved} if form.resolved else {})


def _field(component: Payload, *, label: str, form: ModalForm) -> Payload:
    custom_id = text(component, "custom_id")
    key = custom_id if custom_id in form.left else label
    sent: Payload = {"type": component["type"], "custom_id": custom_id}
    required = component.get("required", True) is True
    if component["type"] != TEXT_INPUT:
        given = form.left.pop(key, preselected(component))
        values = [given] if isinstance(given, str) else list(given)
        try:
            return sent | {
                "values": chosen(
                    component, values=values, guild=form.guild, resolved=form.resolved, required=required
                )
            }
        except PickerError as error:
            raise PickerError(f"{label or custom_id}: {error}") from None
    return sent | {"value": _text(component, given=form.left.pop(key, None), label=label or custom_id)}


def _text(component: Payload, *, given: str | Sequence[str] | None, label: str) -> str:
    value = text(component, "value") if given is None else str(given)
    least, most = component.get("min_length") or 0, component.get("max_length") or 4000
    if component.get("required", True) and not value:
        raise PickerError(f"{label} is required")
    if value and isinstance(least, int) and isinstance(most, int) and not least <= len(value) <= most:
        raise PickerError(f"{label} takes {least} to {most} characters")
    return value
