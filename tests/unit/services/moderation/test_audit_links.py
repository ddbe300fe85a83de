import pytest

from bot.domain.audit import Action
from bot.domain.song_options import SongOptions
from tests.harness.services import CHANNEL, GUILD, PLAYLIST, ServicesHarness

LOG = CHANNEL + 80


async def test_a_decision_leads_to_the_status_of_its_request(harness: ServicesHarness) -> None:
    await harness.services.guild_settings.set_log(harness.actor(), channel_id=LOG)
    card = await harness.place()
    by = harness.actor()
    await harness.services.queue.cancel(by, card.request_id, reason="spam")
    await harness.dispatch()
    url = f"https://discord.com/channels/{GUILD}/{CHANNEL}/{card.request_id + 10**17}"
    posted, _ = harness.messenger.changes[by.interaction_id]
    (shown, _) = await harness.services.allowances.audit_log(GUILD)
    assert posted == shown
    assert shown.action is Action.CANCEL
    assert (shown.before["request"], shown.after["request"]) == (url, url)


@pytest.mark.parametrize("hidden", [False, True])
async def test_a_decision_has_the_prompt_of_its_request_where_prompts_are_shown(
    harness: ServicesHarness, *, hidden: bool
) -> None:
    card = await harness.place(order=SongOptions(playlist=PLAYLIST, prompt="a waltz"))
    await harness.set_guild_settings(prompts_hidden=hidden)
    await harness.services.queue.cancel(harness.actor(), card.request_id, reason="spam")
    (shown,) = await harness.services.allowances.audit_log(GUILD)
    assert shown.after.get("prompt") == (None if hidden else "a waltz")


async def test_a_request_without_a_known_status_keeps_its_id(harness: ServicesHarness) -> None:
    card = await harness.requests.place(SongOptions(playlist=PLAYLIST), harness.context())
    await harness.services.queue.cancel(harness.actor(), card.request_id, reason="spam")
    (shown,) = await harness.services.allowances.audit_log(GUILD)
    assert shown.after["request"] == str(card.request_id)


async def test_a_budget_below_what_was_used_knows_how_much_that_was(harness: ServicesHarness) -> None:
    await harness.place()
    await harness.place()
    await harness.services.allowances.set_budget(harness.actor(), amount=50, period=None)
    budget = (await harness.credits()).limits.budget
    assert budget is not None
    assert (budget.credits, budget.left, budget.spent) == (50, 0, 60)
