"""Modals as a person fills them in."""

from collections.abc import Mapping

from sandbox.discord.payloads import Payload, entries, entry, text
from sandbox.discord.people.picker import PickerError
from sandbox.discord.rules.components import TEXT_INPUT
from sandbox.discord.rules.modals import LABEL, TEXT_DISPLAY


def filled_in(modal: Payload, *, values: Mapping[str, str]) -> list[Payload]:
    """Return the components of the submission; values are found by custom id or label.

    Raises:
        PickerError: A value fits no field, or a field does not take its value.
    """
    left = dict(values)
    sent = []
    for index, part in enumerate(entries(modal, "components"), start=1):
        shown: Payload = {"type": part["type"], "id": index}
        if part["type"] == LABEL:
            field = entry(part, "component")
            sent.append(shown | {"component": _field(field, label=text(part, "label"), left=left)})
        elif part["type"] == TEXT_DISPLAY:
            sent.append(shown)
        else:
            fields = [
                _field(field, label=text(field, "label"), left=left) for field in entries(part, "components")
            ]
            sent.append(shown | {"components": fields})
    if left:
        raise PickerError(f"the modal has no {', '.join(sorted(left))}")
    return sent


def _field(field: Payload, *, label: str, left: dict[str, str]) -> Payload:
    custom_id = text(field, "custom_id")
    key = custom_id if custom_id in left else label
    value = left.pop(key, text(field, "value"))
    sent: Payload = {"type": field["type"], "custom_id": custom_id}
    if field["type"] != TEXT_INPUT:
        return sent | {"values": [value] if value else []}
    least, most = field.get("min_length") or 0, field.get("max_length") or 4000
    if field.get("required", True) and not value:
        raise PickerError(f"{label or custom_id} is required")
    if value and isinstance(least, int) and isinstance(most, int) and not least <= len(value) <= most:
        raise PickerError(f"{label or custom_id} takes {least} to {most} characters")
    return sent | {"value": value}
