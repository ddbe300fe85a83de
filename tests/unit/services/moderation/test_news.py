from bot.domain.audit import Action
from bot.services.moderation.members import TargetMember
from tests.harness.services import ADA, BEN, GUILD, MODERATOR, ServicesHarness

ADA_AS_TARGET = TargetMember(user_id=ADA)


async def taken(harness: ServicesHarness, user_id: int = ADA) -> list[tuple[Action, object]]:
    news = await harness.services.news.take(GUILD, user_id)
    return [(entry.action, entry.after.get("credits")) for entry in news]


async def test_a_member_is_told_of_gifts_once(harness: ServicesHarness) -> None:
    members = harness.services.members
    await members.grant(harness.actor(), ADA_AS_TARGET, amount=60, reason="a prize")
    await members.grant(harness.actor(), ADA_AS_TARGET, amount=30, reason="another")
    await members.make_exception(harness.actor(), ADA_AS_TARGET, amount=150)
    harness.clock.advance(1)
    await members.make_exception(harness.actor(), ADA_AS_TARGET, amount=120)
    await members.make_exception(harness.actor(), ADA_AS_TARGET, amount=120)
    await members.reset(harness.actor(), ADA_AS_TARGET)
    assert await taken(harness, BEN) == []
    assert await taken(harness) == [
        (Action.GRANT, 60),
        (Action.GRANT, 30),
        (Action.MEMBER_ALLOWANCE, 120),
    ]
    assert await taken(harness) == []


async def test_what_could_not_be_told_is_told_later(harness: ServicesHarness) -> None:
    await harness.services.members.grant(harness.actor(), ADA_AS_TARGET, amount=60, reason="a prize")
    news = await harness.services.news.take(GUILD, ADA)
    await harness.services.news.put_back(news)
    assert await taken(harness) == [(Action.GRANT, 60)]


async def test_the_end_of_a_block_is_told_unless_another_one_followed(harness: ServicesHarness) -> None:
    members = harness.services.members
    for is_blocked_again in (False, True):
        await members.block(harness.actor(), ADA_AS_TARGET, reason="spam")
        await members.unblock(harness.actor(), ADA_AS_TARGET)
        if is_blocked_again:
            await members.block(harness.actor(), ADA_AS_TARGET, reason="spam again")
        assert await taken(harness) == ([] if is_blocked_again else [(Action.UNBLOCK, None)])


async def test_moderators_are_not_told_what_they_gave_themselves(harness: ServicesHarness) -> None:
    own = TargetMember(user_id=MODERATOR)
    await harness.services.members.grant(harness.actor(), own, amount=60, reason="why not")
    assert await taken(harness, MODERATOR) == []
