"""Answers to commands and buttons that changed something: what was done, and what follows from it."""

from bot.chat.text import labels
from bot.chat.text.formatting import (
    are_back,
    counted,
    in_credits,
    mention,
    moment,
    playlist_link,
    playlist_page,
    relative,
    role_mention,
    server_name,
)
from bot.chat.text.quotas import allowance_of, available_after, limits_left, limits_of
from bot.domain.guild_settings import ApprovalRules, GuildSettings, RoleLimits
from bot.domain.models import model_name
from bot.domain.playlists import SavedPlaylist
from bot.domain.quotas import Period, Policy
from bot.domain.shared_limits import SharedLimits
from bot.services.cards import StatusCard
from bot.services.credits.reports import Report
from bot.services.library.playlists import ListedPlaylist, SavedResult
from bot.services.moderation.members import BalanceChange
from bot.services.requests.queue_service import PausedQueue

NO_SHOWCASE = "Loved songs aren't forwarded any more."
NO_APPROVAL = "Requests need no approval any more."
APPROVAL_OFF = "Requests need no approval now; these rules apply once you turn it on with `mode:on`."
NEWS_AT_ONCE = "Members get a direct message now with what you give them; who takes none reads it as before."
NEWS_AT_COMMAND = "Members read at their next command now what you give them."
ONLY_SAVED = "Songs can be requested from saved playlists only now. `/playlists add` saves more."
ANY_PLAYLIST = "Songs can be requested from every playlist now."
NO_WORDS = "No words are forbidden in prompts now."
LOOK_AT_WORDS = "`/settings words` lists them."
SOON_IN_FORCE = "This takes effect within a few seconds."
NO_BUDGET = "This server has no budget now."
PROMPTS_SHOWN = "Songs quote their prompts in the channel now."
PROMPTS_HIDDEN = (
    f"New messages don't quote prompts any more. **{labels.RECIPE}** still shows a song's prompt to members "
    "who press it."
)
IS_DEFAULT = "is the default here: `/inspire` without a playlist uses it."
WITHOUT_DEFAULT = "`/inspire` without a playlist uses a random saved one."
POST_LEFT = f"Its post couldn't be deleted. Press **{labels.MENU}** below it once more, and it goes."
OF_SEVERAL = "of several roles, the most generous one counts."
OPENED = "This server takes song requests again."
OTHERS_FIRST = "Members with a song being made in another server still come after those who have none."
REASON_SHOWN = f"The member can read the reason with **{labels.WHY}** below the request."


def cancelled(cost: int) -> str:
    """Confirm to a member that their request of this cost was cancelled."""
    return f"Cancelled. {are_back(cost)}".rstrip()


def cancelled_by_moderator(cost: int) -> str:
    """Confirm to a moderator that a request of this cost was cancelled."""
    return f"Cancelled.{_went_back(cost)} {REASON_SHOWN}"


def song_removed(cost: int, *, is_post_left: bool) -> str:
    """Confirm that a song of this cost was removed; its post may still be there."""
    used = f" Its {in_credits(cost)} stay used." if cost else ""
    left = f"\n-# {POST_LEFT}" if is_post_left else ""
    return f"Removed.{used}{left}"


def approved(user_id: int) -> str:
    """Confirm to a moderator that a member's request was approved."""
    return f"Approved. {mention(user_id)}'s request is in the queue now."


def all_approved(user_id: int, count: int) -> str:
    """Confirm that so many requests of a member were approved."""
    are = "is" if count == 1 else "are"
    return f"Approved. {counted(count, 'request')} by {mention(user_id)} {are} in the queue now."


def declined(cost: int) -> str:
    """Confirm to a moderator that a request of this cost was declined."""
    return f"Declined.{_went_back(cost)} {REASON_SHOWN}"


def _went_back(cost: int) -> str:
    return f" Its {in_credits(cost)} went back to the member." if cost else ""


def paused(queue: PausedQueue) -> str:
    """Confirm to a moderator that the server's songs are paused, until when, and what waits."""
    end = f" until {moment(queue.until)}, {relative(queue.until)}" if queue.until else ""
    sooner = " sooner" if queue.until else ""
    return (
        f"Songs are paused in this server{end}. {_kept(queue.waiting)} Songs that are already being made "
        f"will still be posted. Use `/requests resume` to resume{sooner}."
    )


def closed(waiting: int) -> str:
    """Confirm to a moderator that the server takes no more requests, and what waits."""
    made = "Nothing is waiting."
    if waiting:
        they = "is" if waiting == 1 else "are"
        made = f"{counted(waiting, 'waiting request')} {they} still made."
    return f"This server takes no more requests now. {made} Use `/requests open` to take them again."


def moved_to_front(card: StatusCard) -> str:
    """Confirm to a moderator that a request was moved to the front of its server."""
    who = mention(card.user_id)
    if card.position is None:
        return f"{who}'s request comes before this server's others when it can be sent."
    when = f", expected {relative(card.expected_at)}" if card.expected_at else ""
    return (
        f"{who}'s request was moved to the front of this server: position **{card.position:,}** in the queue "
        f"of all servers{when}.\n-# {OTHERS_FIRST}"
    )


def resumed(waiting: int) -> str:
    """Confirm to a moderator that the server's songs go on, with this many requests waiting."""
    return f"Songs are resumed in this server. {_waiting(waiting)}"


def guild_allowed(guild_id: int, name: str | None) -> str:
    """Confirm to the operator that a server is served."""
    shown = server_name(guild_id, name)
    return f"The server {shown} can use the bot until you use `/operator deny`. {SOON_IN_FORCE}"


def guild_denied(guild_id: int, name: str | None, cancelled: int) -> str:
    """Confirm to the operator that a server is not served, and say what became of its requests."""
    waited = (
        f" {counted(cancelled, 'waiting request')} cancelled, with the credits back." if cancelled else ""
    )
    return (
        f"The server {server_name(guild_id, name)} can no longer use the bot. {SOON_IN_FORCE}{waited} "
        "Songs that are already being made will still be posted. `/operator allow` allows it again."
    )


def submissions_paused(waiting: int) -> str:
    """Confirm to the operator that submissions are paused, with this many requests waiting."""
    return (
        f"Song requests are paused in all servers. {_kept(waiting)} Songs that are already being made will "
        "still be posted. Use `/operator resume` to resume."
    )


def submissions_resumed(waiting: int) -> str:
    """Confirm to the operator that submissions go on, with this many requests waiting."""
    return f"Song requests are resumed in all servers. {_waiting(waiting)}"


def _waiting(count: int) -> str:
    if not count:
        return "No requests are waiting."
    return f"{counted(count, 'request')} {'is' if count == 1 else 'are'} waiting."


def _kept(count: int) -> str:
    if not count:
        return _waiting(count)
    keep = "keeps its place and its" if count == 1 else "keep their places and their"
    return f"{counted(count, 'waiting request')} {keep} credits."


def granted(user_id: int, amount: int, change: BalanceChange) -> str:
    """Confirm a bonus of this many credits."""
    return (
        f"{mention(user_id)} received {in_credits(amount)}. {available_after(change)} They read it, "
        "with your reason, in private."
    )


def exception_set(user_id: int, change: BalanceChange) -> str:
    """Confirm a member's new allowance."""
    before = in_credits(change.before.policy.allowance)
    now = allowance_of(change.after.policy, is_own=False)
    return f"{mention(user_id)}'s allowance: {now} Before, it was {before}. {available_after(change)}"


def role_allowance_set(role_id: int, amount: int | None) -> str:
    """Confirm a role's allowance of this many credits, or that it has none."""
    what = "no allowance of its own" if amount is None else f"an allowance of {in_credits(amount)} per period"
    return f"<@&{role_id}> has {what} now. It applies from each member's next song."


def default_allowance_set(amount: int, before: Policy, chosen: Period | None) -> str:
    """Confirm everyone's allowance, and say what changed; `chosen` is the period if one was given."""
    now = f"{in_credits(amount)} every {chosen or before.period}"
    if chosen not in {None, before.period}:
        return (
            f"Everyone has {now} now. Before, it was {_each(before)}. The new period has begun, so each "
            "member has the whole allowance."
        )
    if amount == before.allowance:
        return f"Everyone has {now}, as before."
    earlier = in_credits(before.allowance)
    return f"Everyone has {now} now. Before, it was {earlier}. The current period continues."


def period_question(amount: int, before: Policy, chosen: Period) -> str:
    """Ask whether to change the period of everyone's allowance."""
    return (
        f"**Change the period from a {before.period} to a {chosen}?** Everyone then has "
        f"{in_credits(amount)} every {chosen}; now it is {_each(before)}. A new period starts at once, so "
        "each member gets a whole new allowance, whatever they have used.\n-# Nothing was changed yet."
    )


def _each(policy: Policy) -> str:
    return f"{in_credits(policy.allowance)} every {policy.period}"


def allowance_reset(user_id: int, change: BalanceChange) -> str:
    """Confirm that a member has the whole allowance of this period again."""
    return f"{mention(user_id)} has the whole allowance of this period again. {available_after(change)}"


def blocked(user_id: int, count: int) -> str:
    """Confirm a block that cancelled this many waiting requests."""
    if not count:
        return f"{mention(user_id)} is blocked. They had no waiting requests."
    return (
        f"{mention(user_id)} is blocked. {counted(count, 'waiting request')} "
        f"{'was' if count == 1 else 'were'} cancelled."
    )


def unblocked(user_id: int, change: BalanceChange) -> str:
    """Confirm the end of a block."""
    return f"{mention(user_id)} can request songs again. {available_after(change)}"


def budget_set(limits: SharedLimits) -> str:
    """Confirm the server's budget, or that there is none; beside it the owner's cap."""
    none = () if limits.budget else (NO_BUDGET,)
    return "\n".join((*none, *limits_left(limits)))


def report_summary(report: Report) -> str:
    """Say what was used in the report's days, and what the shared limits leave."""
    span = "today" if len(report.days) == 1 else f"in the last {len(report.days):,} days"
    used = f"**{in_credits(report.credits)}** used for {counted(report.songs, 'song')} {span} (UTC)."
    if not report.credits:
        used = f"No credits were used {span} (UTC)."
    return "\n".join((f"{used}{_before(report)}", *limits_left(report.limits)))


def _before(report: Report) -> str:
    """Say what was used in as many days before, and how much more or less it is now; empty if nothing was."""
    before = report.credits_before
    if not before:
        return ""
    span = "The day before" if len(report.days) == 1 else f"In the {len(report.days):,} days before"
    change = round(100 * (report.credits - before) / before)
    return f" {span}, it was {in_credits(before)} ({change:+,} %)."


def request_channel_set(channel_id: int) -> str:
    """Confirm the channel for requests."""
    return f"Songs can be requested only in <#{channel_id}> now."


def results_set(channel_id: int | None, *, hides_prompts: bool | None) -> str:
    """Confirm the channel for results, and whether prompts are hidden, as far as they were set."""
    where = "" if channel_id is None else f"New songs are posted in <#{channel_id}> now."
    prompts = {None: "", True: PROMPTS_HIDDEN, False: PROMPTS_SHOWN}[hides_prompts]
    return " ".join(words for words in (where, prompts) if words)


def log_set(settings: GuildSettings) -> str:
    """Confirm the channel for moderators' decisions, and whether each week has a digest there."""
    done = f"Moderators' decisions are posted in <#{settings.log_channel_id}> now"
    return f"{done}, and on Mondays a digest of the week before." if settings.weekly_digest else f"{done}."


def showcase_set(settings: GuildSettings) -> str:
    """Confirm the channel to which loved songs are forwarded, and from how many loves on."""
    loves = settings.showcase_loves
    return (
        f"A song is forwarded to <#{settings.showcase_channel_id}>, once, when "
        f"{counted(loves, 'member')} {'loves' if loves == 1 else 'love'} it. Songs that are loved as much "
        "already follow with their next love."
    )


def default_model_set(model: str) -> str:
    """Confirm the default model."""
    return f"Songs are made with `{model_name(model)}` now, unless a member chooses another model."


def approval_set(settings: GuildSettings) -> str:
    """Confirm where requests have to be approved, by whom, and which ones need no approval."""
    channel_id, rules = settings.approval_channel_id, settings.approval
    where = (
        f"Requests are posted in <#{channel_id}> first now, with **{labels.APPROVE}** and "
        f"**{labels.DECLINE}**."
        if channel_id
        else APPROVAL_OFF
    )
    exempt = exempt_from_approval(rules)
    who = [
        f"{role_mention(rules.ping_role_id)} is pinged for each." if rules.ping_role_id else "",
        f"{role_mention(rules.decider_role_id)} can decide, too." if rules.decider_role_id else "",
        f"No approval is needed for {exempt}." if exempt else "",
    ]
    return " ".join([where, *(words for words in who if words)])


def role_is_silent(role_id: int) -> str:
    """Warn that a mention of the role notifies nobody."""
    return (
        f"\n-# Discord doesn't let the bot notify {role_mention(role_id)}: let anyone mention the role, or "
        "give the bot Mention @everyone, @here and All Roles."
    )


def exempt_from_approval(rules: ApprovalRules) -> str:
    """List what needs no approval; empty if everything does."""
    parts = [role_mention(role_id) for role_id in rules.exempt_role_ids]
    if rules.free_per_day:
        parts.append(f"each member's first {counted(rules.free_per_day, 'request')} a day")
    if rules.skips_saved:
        parts.append("saved playlists")
    return ", ".join(parts)


def approval_ended(count: int) -> str:
    """Confirm that requests need no approval; this many had waited for it."""
    if not count:
        return NO_APPROVAL
    are = "is" if count == 1 else "are"
    moved = f"{counted(count, 'request')} that waited for it {are} in the queue now."
    return f"{NO_APPROVAL} {moved}"


def only_saved_set(*, only_saved: bool) -> str:
    """Confirm which playlists can be requested."""
    return ONLY_SAVED if only_saved else ANY_PLAYLIST


def news_set(*, at_once: bool) -> str:
    """Confirm when members are told what moderators give them."""
    return NEWS_AT_ONCE if at_once else NEWS_AT_COMMAND


def words_set(settings: GuildSettings) -> str:
    """Confirm that the list of forbidden words has changed."""
    if not settings.words:
        return NO_WORDS
    return f"{counted(len(settings.words), 'word')} can't be in prompts now. {LOOK_AT_WORDS}"


def limits_set(policy: Policy, max_waiting: int) -> str:
    """Confirm the limits of each member and of the server."""
    each = limits_of(policy.max_active, policy.cooldown_s)
    return f"Each member can have {each}. At most {counted(max_waiting, 'request')} can wait in this server."


def role_limits(role_id: int, limits: RoleLimits | None) -> str:
    """Say the limits of a role's members; None: it has none of its own."""
    if limits is None:
        return f"Members with <@&{role_id}> have the same limits as everyone."
    words = limits_of(limits.max_active, limits.cooldown_s)
    return f"Members with <@&{role_id}> can have {words}; {OF_SEVERAL}"


def playlist_saved(saved: SavedResult) -> str:
    """Confirm that a playlist was saved, and name the one that it replaced."""
    words = f"Saved: {_linked(saved.playlist)}. `/inspire` offers it from now on."
    if saved.before is None:
        return words
    return f"{words} It replaces [another playlist](<{playlist_page(saved.before.playlist_id)}>)."


def playlist_removed(removed: ListedPlaylist) -> str:
    """Confirm that a playlist was removed, and say so if it was the default one."""
    words = f"Removed: {_linked(removed.playlist)}. Songs that were made from it stay."
    return f"{words} It was the default: {WITHOUT_DEFAULT}" if removed.is_default else words


def default_playlist_set(playlist: SavedPlaylist | None) -> str:
    """Confirm which playlist is the default one, or that none is."""
    return f"{_linked(playlist)} {IS_DEFAULT}" if playlist else f"There is no default now: {WITHOUT_DEFAULT}"


def default_playlist(playlist: SavedPlaylist | None) -> str:
    """Say which playlist is the default one, and how to change that."""
    if playlist is None:
        return f"There is no default: {WITHOUT_DEFAULT} Set one with `name`."
    return f"{_linked(playlist)} {IS_DEFAULT} `name:none` clears it."


def _linked(playlist: SavedPlaylist) -> str:
    return playlist_link(playlist.playlist_id, playlist.name)
