"""A year of a large server, and of many small ones beside it, written by a few statements.

The songs, their credits, events and messages fit together: the operator's audit finds nothing wrong.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, text

from bot.domain.quotas import Period, Window, window_of

GUILD, HEAVY, MEMBER, OTHERS = 10**17, 10**17 + 1, 10**17 + 2, 2 * 10**17
"""The large server, its busiest member, another member of it, and the first of the small servers."""
CHANNEL, MODERATOR = 10**17 - 1, 10**17 - 2
MEMBERS, SMALL_SERVERS, SMALL_SONGS = 200, 2000, 5
"""Members of the large server; how many small ones there are, each with two members and so many songs."""
WEEKS = 52
COST = 30
RETENTION = timedelta(days=90)
"""How long prompts and lyrics are kept."""
DISCORD_EPOCH_MS = 1_420_070_400_000
_SERIES = (
    "WITH RECURSIVE s(n) AS (SELECT CAST({first} AS BIGINT)"
    " UNION ALL SELECT n + 1 FROM s WHERE n + 1 < {end})"
)
_POLICY = '{"allowance": 90, "period": "week", "max_active": 3, "cooldown_s": 0, "source": "everyone"}'
_STEPS = {
    "delivered": ("place", "claim", "accept", "finish", "deliver"),
    "failed": ("place", "claim", "accept", "fail"),
}
_STATES = ("waiting", "submitting", "making", "ready")
"""The states of a request's events before the last one."""


@dataclass(frozen=True, slots=True)
class _Songs:
    """The songs numbered from `first` to before `end`, of one week; the rest is SQL over the number `n`."""

    guild: str
    user: str
    first: int
    end: int
    window: Window
    spacing_ms: int


@dataclass(slots=True)
class YearBuilder:
    """Writes the year that ends at `now`, with `songs` in the large server."""

    connection: Connection
    songs: int
    now: datetime
    small_servers: int = SMALL_SERVERS
    busiest: int = 10
    """Of so many songs, one is the busiest member's."""

    def build(self) -> None:
        """Write everything; PostgreSQL analyses it, as it does by itself, and SQLite does not."""
        small = f"{OTHERS} + n % {self.small_servers}"
        if self._is_sqlite:
            self._run("PRAGMA cache_size = -400000")
        self._servers(small)
        large = str(GUILD)
        by_turns = (
            f"CASE WHEN n % {self.busiest} = 0 THEN {HEAVY} ELSE {HEAVY} + 1 + n * 7 % {MEMBERS - 1} END"
        )
        self._place_all(large, by_turns, self.songs)
        second = f"{small} + {SMALL_SERVERS} * (1 + n / {self.small_servers} % 2)"
        self._place_all(small, second, self.small_servers * SMALL_SONGS)
        self._decisions()
        self._ended_members()
        self._usage()
        if not self._is_sqlite:
            self._run("ANALYZE")

    def _servers(self, small: str) -> None:
        for guild, count in ((str(GUILD), 1), (small, self.small_servers)):
            self._insert(
                "guild_settings", (0, count), guild_id=guild, settings=self._json("'{}'"), paused="false"
            )
            self._insert("guilds", (0, count), guild_id=guild, last_turn_at=self._at(self.now))
        self._insert(
            "playlists", (0, 25), guild_id=str(GUILD), key="'playlist ' || n", name="'Playlist ' || n",
            playlist_id=_uuid("n"), added_by=str(MODERATOR), added_at=self._at(self.now),
        )  # fmt: skip

    def _place_all(self, guild: str, user: str, count: int) -> None:
        offset = self.songs * (guild != str(GUILD))  # so that no two songs have the same number
        for week, window in enumerate(self._windows()):
            first, end = (count * part // WEEKS for part in (week, week + 1))
            if end > first:
                spacing_ms = round(timedelta(days=7) / timedelta(milliseconds=1)) // (end - first)
                songs = _Songs(guild, user, first + offset, end + offset, window, spacing_ms)
                self._place(songs)

    def _windows(self) -> Iterator[Window]:
        """Yield the weeks, the last of which ended before now."""
        for back in range(WEEKS, 0, -1):
            yield window_of(Period.WEEK, self.now - timedelta(weeks=back))

    def _place(self, songs: _Songs) -> None:
        ms = f"{_ms(songs.window.starts_at)} + (n - {songs.first}) * {songs.spacing_ms}"
        placed, ended = self._time(f"({ms})"), self._time(f"({ms} + 120000)")
        prompt, lyrics = "'a song about the number ' || n", self._json('\'["la la la", "la la la"]\'')
        if songs.window.ends_at < self.now - RETENTION:
            prompt = lyrics = "NULL"
        state = "CASE n % 25 WHEN 7 THEN 'failed' ELSE 'delivered' END"
        self._insert(
            "requests", (songs.first, songs.end),
            id=f"(({ms} - {DISCORD_EPOCH_MS}) << 22) + n % 4194304", guild_id=songs.guild, user_id=songs.user,
            playlist_id=_uuid("n % 25"), model="'v55'", prompt=prompt,
            cost=str(COST), policy=self._json(f"'{_POLICY}'"), state=state, version="5", placed_at=placed,
            accepted_at=placed, ended_at=ended, task_id="'task-' || n", clips=self._json(_clips()),
            partial="false", lyrics=lyrics,
            failure_kind="CASE n % 25 WHEN 7 THEN 'provider' END",
            failure_detail="CASE n % 25 WHEN 7 THEN 'no reason' END", application_id="1",
            channel_id=str(CHANNEL), message_id="n + 1", token_until=placed, attachment_limit="0",
            may_post="true", result_channel_id=str(CHANNEL), result_message_id="n + 2",
        )  # fmt: skip
        self._of_requests(songs)

    def _of_requests(self, songs: _Songs) -> None:
        """Write what belongs to the requests of a week."""
        window, first_id = songs.window, (_ms(songs.window.starts_at) - DISCORD_EPOCH_MS) << 22
        mine = "guild_id = :guild" if songs.guild == str(GUILD) else "guild_id <> :guild"
        these = f"FROM requests WHERE id >= {first_id} AND {mine}"
        account = f"'member:p' || guild_id || '-' || user_id || ':{window.key}'"
        used = "sum(CASE state WHEN 'delivered' THEN cost ELSE 0 END)"
        starts, ends = self._at(window.starts_at), self._at(window.ends_at)
        self._run(
            "INSERT INTO accounts (id, kind, guild_id, user_id, window_key, window_starts_at, window_ends_at,"
            " credits_posted, debits_posted, debits_pending, adjustments)"
            f" SELECT {account}, 'member', guild_id, user_id, '{window.key}', {starts}, {ends},"
            f" sum(cost) + 90, {used}, 0, 1 {these} GROUP BY guild_id, user_id"
        )
        moves = "INSERT INTO transfers (id, kind, debit, credit, amount, pending_id, request_id, reason, at)"
        self._run(
            f"{moves} SELECT 'allowance:' || id, 'single', 'mint', id, credits_posted, NULL, NULL,"
            f" 'allowance', window_starts_at FROM accounts WHERE window_key = '{window.key}' AND {mine}"
        )
        self._run(
            f"{moves} SELECT 'hold:' || id, 'pending', {account}, 'songs', cost, NULL, id, 'song', placed_at"
            f" {these}"
        )
        end = "CASE state WHEN 'delivered' THEN 'post' ELSE 'void' END"
        self._run(
            f"{moves} SELECT {end} || ':' || id, {end}, {account}, 'songs', cost, 'hold:' || id, id, 'song',"
            f" ended_at {these}"
        )
        self._follow_up(these)

    def _follow_up(self, these: str) -> None:
        """Write the events, messages and loves of these requests."""
        for state, steps in _STEPS.items():
            for seq, step in enumerate(steps, 1):
                after = state if seq == len(steps) else _STATES[seq - 1]
                self._run(
                    "INSERT INTO events (request_id, seq, transition, state, at)"
                    f" SELECT id, {seq}, '{step}', '{after}', placed_at {these} AND state = '{state}'"
                )
        for kind in ("status", "result"):
            self._run(
                "INSERT INTO outbox (source_id, kind, version, attempts, sent)"
                f" SELECT id, '{kind}', 3, 0, 'sent' {these} AND (state = 'delivered' OR '{kind}' = 'status')"
            )
        for lover, share in ((1, 5), (2, 11), (3, 50)):
            self._run(
                "INSERT INTO loves (request_id, user_id, clip, is_loved, press_id, at)"
                f" SELECT id, {HEAVY} + {MEMBERS} + {lover}, 1, true, 0, ended_at {these}"
                f" AND state = 'delivered' AND id % {share} = 0"
            )
        self._run(
            "UPDATE requests SET loves = (SELECT count(*) FROM loves WHERE request_id = requests.id)"
            f" WHERE id IN (SELECT id {these})"
        )

    def _decisions(self) -> None:
        third = timedelta(days=365) / max(1, self.songs // 3)
        ms = f"({_ms(self.now - timedelta(days=365))} + n * {round(third / timedelta(milliseconds=1))})"
        self._insert(
            "audit_log", (0, self.songs // 3), id=f"(({ms} - {DISCORD_EPOCH_MS}) << 22) + 2097152 + n % 4096",
            guild_id=str(GUILD), actor_id=str(MODERATOR), action="'approve'",
            subject_id=f"CASE WHEN n % 10 = 0 THEN {HEAVY} ELSE {HEAVY} + n % {MEMBERS} END",
            before=self._json("'{}'"), after=self._json("""'{"request": "1"}'"""), at=self._time(ms),
        )  # fmt: skip
        self._run(
            "INSERT INTO outbox (source_id, kind, version, attempts, sent)"
            " SELECT id, 'audit', 2, 0, 'sent' FROM audit_log"
        )

    def _ended_members(self) -> None:
        self._run(
            "INSERT INTO members (guild_id, user_id, active, pseudonym, resets, last_placed_at)"
            " SELECT guild_id, user_id, 0, 'p' || guild_id || '-' || user_id, 0, max(placed_at)"
            " FROM requests GROUP BY guild_id, user_id"
        )

    def _usage(self) -> None:
        """Write the running totals of what the songs used."""
        day = "date(ended_at)" if self._is_sqlite else "to_char(ended_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')"
        for kind, key in (("server", "''"), ("member", "CAST(user_id AS VARCHAR(20))")):
            used = (
                f"SELECT guild_id, {key} AS name, {day} AS day, count(*) AS songs, sum(cost) AS credits"
                " FROM requests WHERE state = 'delivered' GROUP BY 1, 2, 3"
            )
            self._run(
                "INSERT INTO daily_usage (guild_id, kind, key, day, songs, credits)"
                f" SELECT guild_id, '{kind}', name, day, sum(songs) OVER up_to, sum(credits) OVER up_to"
                f" FROM ({used}) AS used WINDOW up_to AS (PARTITION BY guild_id, name ORDER BY day)"
            )

    def _insert(self, table: str, numbers: tuple[int, int], **columns: str) -> None:
        first, end = numbers
        self._run(
            f"INSERT INTO {table} ({', '.join(columns)}) {_SERIES.format(first=first, end=end)}"
            f" SELECT {', '.join(columns.values())} FROM s"
        )

    def _run(self, sql: str) -> None:
        self.connection.execute(text(sql.replace(":guild", str(GUILD)).replace(":", r"\:")))

    @property
    def _is_sqlite(self) -> bool:
        return self.connection.dialect.name == "sqlite"

    def _json(self, literal: str) -> str:
        return literal if self._is_sqlite else f"CAST({literal} AS JSON)"

    def _time(self, ms: str) -> str:
        """Return the SQL of a stored time, from milliseconds since 1970."""
        if self._is_sqlite:
            return f"strftime('%Y-%m-%d %H:%M:%S.000000', {ms} / 1000, 'unixepoch')"
        return f"to_timestamp({ms} / 1000)"

    def _at(self, at: datetime) -> str:
        return self._time(f"({_ms(at)})")


def _ms(at: datetime) -> int:
    return round((at - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(milliseconds=1))


def _uuid(number: str) -> str:
    """Return the SQL of a playlist's or clip's id for a number."""
    return f"'119573ff-8e48-4c1d-9a1b-' || ({number} + 100000000000)"


def _clips() -> str:
    """Return the SQL of two finished clips' JSON, as long as real ones."""
    link = "https://cdn1.suno.ai/119573ff-8e48-4c1d-9a1b-"
    parts = [
        f"""{{"id": "' || {_uuid(f"n * 2 + {clip}")} || '", "stage": "complete", """
        """"title": "Song number ' || n || '", "duration_s": 123.4, "tags": ["lo-fi", "piano", "calm"], """
        f'''"audio_url": "{link}' || n || '.mp3", "image_url": "{link}' || n || '.jpeg", '''
        """"model": "chirp-v5-5", "explicit": false}"""
        for clip in (0, 1)
    ]
    return f"'[{', '.join(parts)}]'"
