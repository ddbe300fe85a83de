from bot.domain.ledger import TransferKind
from bot.services.credits.statements import LINES
from bot.services.moderation.members import TargetMember
from tests.harness.services import ADA, GUILD, ServicesHarness


async def test_a_song_is_one_line_whatever_became_of_it(harness: ServicesHarness) -> None:
    returned = await harness.place()
    await harness.requests.cancel(returned.request_id, guild_id=GUILD, user_id=ADA)
    harness.clock.advance(60)
    held = await harness.place()
    shown = await harness.quotas.overview(GUILD, ADA, role_ids=())
    assert [(line.entry.kind, line.request and line.request.id) for line in shown.lines] == [
        (TransferKind.PENDING, held.request_id),
        (TransferKind.VOID, returned.request_id),
        (TransferKind.SINGLE, None),
    ]
    assert (shown.cost, shown.active, shown.songs_left) == (30, 1, 2)
    assert shown.limited_by is None
    assert shown.is_renewed


async def test_the_oldest_lines_are_left_out(harness: ServicesHarness) -> None:
    for _ in range(LINES + 2):
        card = await harness.place()
        await harness.requests.cancel(card.request_id, guild_id=GUILD, user_id=ADA)
        harness.clock.advance(60)
    shown = await harness.quotas.overview(GUILD, ADA, role_ids=())
    assert [line.entry.kind for line in shown.lines] == [TransferKind.VOID] * LINES


async def test_the_budget_of_the_server_limits_what_is_left(harness: ServicesHarness) -> None:
    await harness.services.allowances.set_budget(harness.actor(), amount=30, period=None)
    shown = await harness.quotas.overview(GUILD, ADA, role_ids=())
    assert (shown.songs_left, shown.limited_by) == (1, shown.statement.limits.budget)
    await harness.services.members.make_exception(harness.actor(), TargetMember(user_id=ADA), amount=0)
    without = await harness.quotas.overview(GUILD, ADA, role_ids=())
    assert (without.songs_left, without.limited_by, without.is_renewed) == (0, None, False)
