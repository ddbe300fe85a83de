"""Sentences on what a moderator's action changed in a member's credits."""

from bot.chat.messages.credits import policy_words
from bot.chat.text.formatting import in_credits
from bot.services.moderation.members import BalanceChange


def available(change: BalanceChange) -> str:
    """Say how much the member can spend now, and could spend before."""
    before, after = change.before.available, change.after.available
    if before == after:
        return f"{in_credits(after).capitalize()} can be spent, as before."
    return f"{in_credits(after).capitalize()} can be spent now; before, it was {before:,}."


def allowance(change: BalanceChange) -> str:
    """Say what the member's allowance is now, and was before."""
    now = policy_words(change.after.policy, whose="their own")
    return f"{now} Before, it was {in_credits(change.before.policy.allowance)}."
