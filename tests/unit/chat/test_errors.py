from datetime import timedelta

import pytest
from discord import app_commands

import bot.domain.errors as domain_errors
from bot.chat.text import errors
from bot.chat.text.errors import NO_CREDITS_USED, sentence, unexpected
from bot.chat.text.failures import FAILURES
from bot.chat.text.link_errors import PERSONA, PLAYLIST, SONG, LinkOption, link_error
from bot.chat.text.moderator_errors import NAMES, NOTHING_CHANGED
from bot.domain.caps import ALL_GUILDS
from bot.domain.errors import (
    ActiveLimitError,
    BackoffError,
    BlockedError,
    BudgetError,
    CapError,
    ChannelError,
    ChannelGoneError,
    ClipError,
    CommitUnknownError,
    ConflictError,
    CooldownError,
    CreditsError,
    LinkKind,
    ModelError,
    NotServedError,
    NotYoursError,
    OutsideServerError,
    PausedError,
    PersonaError,
    PlaylistError,
    PriceChangedError,
    PromptError,
    RefusalError,
    RequestNotFoundError,
    SecondPressError,
    StoppingError,
    StoreError,
    TooLateError,
    WeightError,
)
from bot.domain.moderator_errors import (
    AmountError,
    ApprovalChannelError,
    BotMemberError,
    BudgetMissingError,
    CapServerError,
    ChannelAccessError,
    ChoiceError,
    DecidedError,
    EveryoneRoleError,
    GuildIdError,
    LogChannelError,
    ModeratorError,
    NoneAndValueError,
    NoneAwaitingError,
    NotBlockedError,
    NotClosedError,
    NotDeciderError,
    NotOperatorError,
    NotPausedError,
    NotQueuedError,
    OldFormError,
    OperatorUnknownError,
    OwnGuildError,
    PauseEndError,
    ReasonError,
    ReasonHiddenError,
    ReportBusyError,
    SettingChangedError,
    ShowcaseChannelError,
    TooManyRolesError,
    WaitingOfRoleError,
)
from bot.domain.personal_data import PendingRequestsError
from bot.domain.playlist_choice import AmbiguousPlaylistError, NoPlaylistError, OnlySavedError
from bot.domain.playlists import (
    NameProblem,
    PlaylistNameError,
    PlaylistSavedError,
    PlaylistsFullError,
    PlaylistUnknownError,
)
from bot.domain.queue_errors import ClosedError, QueueFullError
from bot.domain.requests import FailureKind, State
from bot.domain.song_form import FormUnavailableError, NoSongError, WeightsError
from bot.domain.songs import (
    DetailsErasedError,
    NotFinishedError,
    OwnSongError,
    RemovalForbiddenError,
    SongNotFoundError,
    SongRemovedError,
)
from bot.domain.words import WordError, WordProblem, WordProblemError, WordsFullError, WordUnknownError
from tests.unit.chat.factories import NOW, cap_of

SAMPLES: list[RefusalError] = [
    *(PlaylistError(kind) for kind in LinkKind),
    PlaylistError(LinkKind.FREE_TEXT, tuple("*" * 100 for _ in range(100))),
    AmbiguousPlaylistError("*" * 500, tuple("*" * 100 for _ in range(100))),
    NoPlaylistError(),
    WeightsError("*" * 100),
    NoSongError(),
    FormUnavailableError(),
    *(ClipError(kind) for kind in LinkKind),
    *(PersonaError(kind) for kind in LinkKind),
    WeightError("style_weight", 65),
    ModelError("v99", ("v55", "v50")),
    PromptError(5100, 5000, "v55"),
    CreditsError(10, 30, NOW),
    CreditsError(0, 30, None),
    BudgetError(10, 30, NOW),
    *(CapError(cap, 30) for cap in (cap_of(100, 80), cap_of(20, 0), cap_of(100, 80, guild=ALL_GUILDS))),
    BlockedError("spam"),
    PausedError("tonight's show"),
    PausedError("tonight's show", NOW),
    ClosedError("the contest is over"),
    QueueFullError(1),
    QueueFullError(50),
    *(ChannelGoneError(is_moderator=is_moderator) for is_moderator in (True, False)),
    ChannelError(10**17),
    AmountError("credits", 1.5, 0, 1_000_000),
    ReasonError(0, 500),
    ReasonError(501, 500),
    BotMemberError(),
    EveryoneRoleError(),
    NotBlockedError(),
    GuildIdError(),
    OwnGuildError(),
    CapServerError(),
    ApprovalChannelError(),
    LogChannelError(),
    ShowcaseChannelError(),
    BudgetMissingError(),
    NoneAndValueError(),
    ChoiceError(),
    SettingChangedError(),
    OldFormError(),
    ReportBusyError(),
    DecidedError("waiting"),
    NoneAwaitingError(),
    NotDeciderError(None),
    NotDeciderError(10**17),
    ReasonHiddenError(),
    TooManyRolesError(10),
    *map(WordProblemError, WordProblem),
    WordsFullError(200),
    WordUnknownError("*heck*"),
    WordError("*heck*"),
    OnlySavedError(()),
    OnlySavedError(("Calm", "Beats")),
    ChannelAccessError(10**17, ("send_messages", "embed_links")),
    NotOperatorError(),
    OperatorUnknownError(),
    NotPausedError(),
    WaitingOfRoleError(),
    NotClosedError(),
    PauseEndError("soon"),
    *(NotQueuedError(state) for state in (State.AWAITING, State.MAKING, State.CANCELLED)),
    NotPausedError(everywhere=True),
    ActiveLimitError(1),
    CooldownError(NOW),
    BackoffError(NOW),
    SecondPressError(),
    PriceChangedError(60),
    StoppingError(),
    OutsideServerError(),
    NotServedError(),
    RequestNotFoundError(),
    NotYoursError(),
    PendingRequestsError(1),
    PendingRequestsError(2000),
    *(TooLateError(state) for state in State),
]
ABOUT_LIBRARY: list[RefusalError] = [
    *(PlaylistNameError(problem) for problem in NameProblem),
    PlaylistSavedError("*" * 100),
    PlaylistsFullError(100),
    PlaylistUnknownError("*" * 100),
    SongNotFoundError(),
    NotFinishedError(),
    SongRemovedError(),
    DetailsErasedError(),
    OwnSongError(),
    RemovalForbiddenError(),
]


def subclasses(kind: type[RefusalError]) -> list[type[RefusalError]]:
    return [one for child in kind.__subclasses__() for one in (child, *subclasses(child))]


@pytest.mark.parametrize("kind", subclasses(RefusalError))
def test_every_refusal_has_words_of_its_own(kind: type[RefusalError]) -> None:
    assert kind is ModeratorError or sentence.dispatch(kind) is not sentence.dispatch(Exception)
    assert kind is ModeratorError or any(type(sample) is kind for sample in SAMPLES + ABOUT_LIBRARY)


@pytest.mark.parametrize("error", SAMPLES, ids=repr)
def test_every_refusal_says_what_is_true_of_credits(error: RefusalError) -> None:
    words = sentence(error)
    assert words
    assert len(words) <= 2000
    about_requests = isinstance(
        error,
        RequestNotFoundError
        | NotServedError
        | NotYoursError
        | TooLateError
        | NotOperatorError
        | OperatorUnknownError
        | PendingRequestsError,
    )
    about_settings = isinstance(error, ModeratorError)
    assert words.endswith(NO_CREDITS_USED) is not (about_requests or about_settings)
    assert not about_settings or words.endswith(NOTHING_CHANGED)


@pytest.mark.parametrize("error", ABOUT_LIBRARY, ids=repr)
def test_every_refusal_about_songs_and_playlists_says_that_nothing_changed(error: RefusalError) -> None:
    words = sentence(error)
    assert words
    assert words.endswith(NOTHING_CHANGED)
    assert len(words) <= 2000


@pytest.mark.parametrize("wanted", [PLAYLIST, SONG, PERSONA])
def test_every_kind_of_link_has_its_own_words(wanted: LinkOption) -> None:
    assert len({link_error(kind, wanted) for kind in LinkKind}) == len(LinkKind)


def test_every_trouble_with_a_name_has_its_own_words() -> None:
    assert set(NAMES) == set(NameProblem)
    assert len(set(NAMES.values())) == len(NameProblem)


def test_every_failure_has_a_sentence() -> None:
    assert set(FAILURES) == set(FailureKind)
    assert all("credits are back" not in words for words in FAILURES.values())


def test_free_text_and_short_links_are_told_what_to_do() -> None:
    free = sentence(PlaylistError(LinkKind.FREE_TEXT))
    short = sentence(PlaylistError(LinkKind.SHORT_LINK))
    assert free
    assert "Paste the link of a Suno playlist: open it on suno.com" in free
    assert short
    assert "paste the address of the page" in short


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        (65, "Type `0.65` for 65%."),
        (7.5, "Type `0.075` for 7.5%."),
        (-0.1, "Type `0.7` for 70%."),
        (900, "Type `0.7` for 70%."),
    ],
)
def test_a_weight_that_looks_like_percent_gets_a_hint(value: float, hint: str) -> None:
    words = sentence(WeightError("style_weight", value))
    assert words
    assert "`style_weight` takes a number from 0 to 1" in words
    assert hint in words


def test_a_cap_says_whose_it_is_and_when_it_resets() -> None:
    resets = f"It resets <t:{int(cap_of(1, 0).resets_at.timestamp())}:R>; try again then."
    own = sentence(CapError(cap_of(100, 80), 30))
    assert own
    assert own.startswith("A song costs 30 credits, and the bot owner's limit for this server has 20 left")
    assert resets in own
    everywhere = sentence(CapError(cap_of(100, 80, guild=ALL_GUILDS), 30))
    assert everywhere
    assert "the bot owner's limit for all servers has too few credits left for everyone." in everywhere
    assert resets in everywhere
    never = sentence(CapError(cap_of(20, 0), 30))
    assert never
    assert never.startswith("The bot owner's limit for this server is too small for a song.")
    assert "resets" not in never


def test_missing_credits_say_what_there_is_and_when_more_come() -> None:
    words = sentence(CreditsError(10, 30, NOW))
    assert words
    assert "A song costs 30 credits, and you have 10." in words
    assert f"<t:{int(NOW.timestamp())}:R>" in words


def test_an_allowance_that_pays_for_no_song_is_not_waited_for() -> None:
    words = str(sentence(CreditsError(0, 30, None)))
    assert "ask a moderator" in words
    assert "<t:" not in words


def test_a_cooldown_says_when_it_ends() -> None:
    words = sentence(CooldownError(NOW + timedelta(seconds=30)))
    assert words
    assert f"<t:{int(NOW.timestamp()) + 30}:R>" in words


def test_a_backoff_says_why_and_when_it_ends() -> None:
    words = sentence(BackoffError(NOW + timedelta(seconds=30)))
    assert words
    assert errors.BACKOFF in words
    assert f"<t:{int(NOW.timestamp()) + 30}:R>" in words


def test_limits_are_counted() -> None:
    assert "1 pending request, the limit" in str(sentence(ActiveLimitError(1)))
    assert "3 pending requests, the limit" in str(sentence(ActiveLimitError(3)))


def test_too_late_depends_on_where_the_request_is() -> None:
    assert sentence(TooLateError(State.MAKING)) == errors.ALREADY_MAKING
    assert sentence(TooLateError(State.EXPIRED)) == errors.ALREADY_ENDED
    assert sentence(TooLateError(State.DELIVERED)) == errors.ALREADY_FINISHED
    assert sentence(TooLateError(State.WAITING)) == errors.JUST_CHANGED


def test_what_was_typed_cannot_format_the_answer() -> None:
    words = sentence(ModelError("`@everyone`", ("v55",)))
    assert words
    assert r"\`\@everyone\`" in words


@pytest.mark.parametrize(
    "error", [StoreError("database is locked: /secret"), ValueError("x"), domain_errors.InspireError()]
)
def test_what_the_member_cannot_mend_has_no_sentence(error: Exception) -> None:
    assert sentence(error) is None


def test_an_unexpected_error_claims_nothing_that_is_not_known() -> None:
    words = unexpected("ABC123")
    assert "the reference `ABC123`" in words
    assert "are back" not in words
    assert "nothing was sent" not in words.lower()


def test_a_database_that_fails_is_said_so_and_that_nothing_was_done() -> None:
    words = unexpected("ABC123", StoreError("database is locked: /secret"))
    assert words.startswith(errors.DATABASE_DOWN)
    assert "the reference `ABC123`" in words
    assert "secret" not in words


def test_a_change_that_may_have_been_kept_sends_the_member_to_the_credits() -> None:
    words = unexpected("ABC123", CommitUnknownError("the connection was lost"))
    assert words.startswith(errors.SAVED_OR_NOT)
    assert "nothing was sent" not in words.lower()


def test_a_change_that_came_second_is_not_said_to_be_a_broken_database() -> None:
    words = unexpected("ABC123", ConflictError("moved"))
    assert words.startswith(errors.CHANGED_MEANWHILE)
    assert "database" not in words


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (app_commands.CommandNotFound("old", []), errors.COMMAND_CHANGED),
        (app_commands.NoPrivateMessage(), errors.ONLY_IN_SERVERS),
        (app_commands.MissingPermissions(["manage_guild"]), f"{errors.NOT_MODERATOR}{NOTHING_CHANGED}"),
        (app_commands.CheckFailure(), errors.NOT_ALLOWED),
    ],
)
def test_discords_own_refusals_have_sentences(error: app_commands.AppCommandError, words: str) -> None:
    assert sentence(error) == words
