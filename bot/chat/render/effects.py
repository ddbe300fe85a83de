"""What a decision about a member changed, in a sentence."""

from bot.chat.render.statement import policy_words
from bot.chat.texts import in_credits
from bot.services.moderation import Effect


def available(effect: Effect) -> str:
    """What the member may spend now, and what it was before."""
    before, after = effect.before.available, effect.after.available
    if before == after:
        return f"{in_credits(after).capitalize()} can be spent, as before."
    return f"{in_credits(after).capitalize()} can be spent now; before, it was {before:,}."


def allowance(effect: Effect) -> str:
    """The allowance now, and what it was before."""
    now = policy_words(effect.after.policy, whose="their own")
    return f"{now} Before, it was {in_credits(effect.before.policy.allowance)}."
