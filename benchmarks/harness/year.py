"""A year of a large server, and of many small ones beside it, written by a few statements.

The songs, their credits, events and messages fit together: the operator's audit finds nothing wrong.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, text

from bot.domain.quotas import Period, Window, window_of

GUILD, HEAVY, MEMBER, OTHERS = 10**17, 10**17 + 1, 10**17 + 2, 2 * 10**17
"""The large server, its busiest member, another member of it, and the first of the small servers."""
CHANNEL, MODERATOR = 10**17 - 1, 10**17 - 2
MEMBERS, SMALL_SERVERS, SMALL_SONGS = 200, 2000, 5
"""Members of the large server; how many small ones there are, each with two members and so many songs."""
WEEKS, WEEK_MS = 52, 7 * 86_400_000
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
    """The songs numbered from `first` to before `end`; the rest is SQL over the number `n`."""

    guild: str
    user: str
    first: int
    end: int


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
        with self._no_indexes():
            small = f"{OTHERS} + n % {self.small_servers}"
            self._servers(small)
            by_turns = (
                f"CASE WHEN n % {self.busiest} = 0 THEN {HEAVY} ELSE {HEAVY} + 1 + n * 7 % {MEMBERS - 1} END"
            )
            self._place(_Songs(str(GUILD), by_turns, 0, self.songs))
            second = f"{small} + {SMALL_SERVERS} * (1 + n / {self.small_servers} % 2)"
            # no two songs have the same number
            end = self.songs + self.small_servers * SMALL_SONGS
            self._place(_Songs(small, second, self.songs, end))
            self._pay()
            self._follow_up()
            self._decisions()
            self._ended_members()
            self._usage()
        if not self._is_sqlite:
            self._run("ANALYZE")

    @contextmanager
    def _no_indexes(self) -> Iterator[None]:
        """Make the indexes at the end, and do not check references: far faster with many rows."""
        made = "SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY rowid"
        if self._is_sqlite:
            self._run("PRAGMA cache_size = -400000")
        else:
            made = (
                "SELECT pg_get_indexdef(indexrelid) FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid"
                " WHERE relnamespace = current_schema()::regnamespace AND NOT indisunique"
            )
            self._run("SET LOCAL maintenance_work_mem = '256MB'")
            self._run("SET LOCAL work_mem = '128MB'")
            if self.connection.scalar(text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")):
                self._run("SET LOCAL session_replication_role = replica")
        # in the same order: of two that would do, SQLite takes the one that was made last
        indexes = list(self.connection.exec_driver_sql(made).scalars())
        for index in indexes:
            self._run(f"DROP INDEX {index.split()[2]}")
        yield
        for index in indexes:
            self.connection.exec_driver_sql(index)

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

    @property
    def _windows(self) -> list[Window]:
        """Return the weeks, the last of which ended before now."""
        return [window_of(Period.WEEK, self.now - timedelta(weeks=back)) for back in range(WEEKS, 0, -1)]

    def _place(self, songs: _Songs) -> None:
        starts_at, year_ms = self._windows[0].starts_at, WEEKS * WEEK_MS
        spacing_ms = year_ms // (songs.end - songs.first)
        ms = f"({_ms(starts_at)} + (n - {songs.first}) * {spacing_ms})"
        placed, ended = self._time(ms), self._time(f"({ms} + 120000)")
        is_old = f"{ms} < {_ms(self.now - RETENTION)}"
        lyrics = self._json('\'["la la la", "la la la"]\'')
        state = "CASE n % 25 WHEN 7 THEN 'failed' ELSE 'delivered' END"
        self._insert(
            "requests", (songs.first, songs.end),
            id=f"(({ms} - {DISCORD_EPOCH_MS}) << 22) + n % 4194304", guild_id=songs.guild, user_id=songs.user,
            playlist_id=_uuid("n % 25"), model="'v55'",
            prompt=f"CASE WHEN {is_old} THEN NULL ELSE 'a song about the number ' || n END",
            cost=str(COST), policy=self._json(f"'{_POLICY}'"), state=state, version="5", placed_at=placed,
            accepted_at=placed, ended_at=ended, task_id="'task-' || n", clips=self._json(_clips()),
            partial="false", lyrics=f"CASE WHEN {is_old} THEN NULL ELSE {lyrics} END",
            failure_kind="CASE n % 25 WHEN 7 THEN 'provider' END",
            failure_detail="CASE n % 25 WHEN 7 THEN 'no reason' END", application_id="1",
            channel_id=str(CHANNEL), message_id="n + 1", token_until=placed, attachment_limit="0",
            may_post="true", result_channel_id=str(CHANNEL), result_message_id="n + 2",
        )  # fmt: skip

    def _pay(self) -> None:
        """Write an account for each member and week, and the transfers of all requests."""
        windows = self._windows
        weeks = " UNION ALL ".join(
            f"SELECT {number} AS number, '{window.key}' AS name,"
            f" {self._at(window.starts_at)} AS starts_at, {self._at(window.ends_at)} AS ends_at"
            for number, window in enumerate(windows)
        )
        self._run(f"CREATE TEMPORARY TABLE weeks AS {weeks}")
        number = f"(((id >> 22) + {DISCORD_EPOCH_MS} - {_ms(windows[0].starts_at)}) / {WEEK_MS})"
        paid = f"FROM requests JOIN weeks ON weeks.number = {number}"
        account = "'member:p' || guild_id || '-' || user_id || ':' || weeks.name"
        used = "sum(CASE state WHEN 'delivered' THEN cost ELSE 0 END)"
        self._run(
            "INSERT INTO accounts (id, kind, guild_id, user_id, window_key, window_starts_at, window_ends_at,"
            " credits_posted, debits_posted, debits_pending, adjustments)"
            f" SELECT {account}, 'member', guild_id, user_id, weeks.name, weeks.starts_at, weeks.ends_at,"
            f" sum(cost) + 90, {used}, 0, 1 {paid}"
            " GROUP BY guild_id, user_id, weeks.name, weeks.starts_at, weeks.ends_at"
        )
        moves = "INSERT INTO transfers (id, kind, debit, credit, amount, pending_id, request_id, reason, at)"
        self._run(
            f"{moves} SELECT 'allowance:' || id, 'single', 'mint', id, credits_posted, NULL, NULL,"
            " 'allowance', window_starts_at FROM accounts WHERE window_key IS NOT NULL"
        )
        self._run(
            f"{moves} SELECT 'hold:' || id, 'pending', {account}, 'songs', cost, NULL, id, 'song', placed_at"
            f" {paid}"
        )
        end = "CASE state WHEN 'delivered' THEN 'post' ELSE 'void' END"
        self._run(
            f"{moves} SELECT {end} || ':' || id, {end}, {account}, 'songs', cost, 'hold:' || id, id, 'song',"
            f" ended_at {paid}"
        )
        self._run("DROP TABLE weeks")

    def _follow_up(self) -> None:
        """Write the events, messages and loves of all requests."""
        for state, steps in _STEPS.items():
            for seq, step in enumerate(steps, 1):
                after = state if seq == len(steps) else _STATES[seq - 1]
                self._run(
                    "INSERT INTO events (request_id, seq, transition, state, at)"
                    f" SELECT id, {seq}, '{step}', '{after}', placed_at FROM requests WHERE state = '{state}'"
                )
        for kind in ("status", "result"):
            self._run(
                "INSERT INTO outbox (source_id, kind, version, attempts, sent)"
                f" SELECT id, '{kind}', 3, 0, 'sent' FROM requests"
                f" WHERE state = 'delivered' OR '{kind}' = 'status'"
            )
        for lover, share in ((1, 5), (2, 11), (3, 50)):
            self._run(
                "INSERT INTO loves (request_id, user_id, clip, is_loved, press_id, at)"
                f" SELECT id, {HEAVY} + {MEMBERS} + {lover}, 1, true, 0, ended_at FROM requests"
                f" WHERE state = 'delivered' AND id % {share} = 0"
            )
        self._run(
            "UPDATE requests SET loves = (SELECT count(*) FROM loves WHERE request_id = requests.id)"
            " WHERE id IN (SELECT request_id FROM loves)"
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
        keys = {"server": "''", "member": "CAST(user_id AS VARCHAR(20))", "playlist": "playlist_id"}
        for kind, key in (*keys.items(), ("model", "model")):
            used = (
                f"SELECT guild_id, {key} AS name, {day} AS day, count(*) AS songs, sum(cost) AS credits"
                " FROM requests WHERE state = 'delivered' GROUP BY 1, 2, 3"
            )
            self._run(
                "INSERT INTO daily_usage (guild_id, kind, key, day, songs, credits, requests)"
                f" SELECT guild_id, '{kind}', name, day, sum(songs) OVER up_to, sum(credits) OVER up_to,"
                " sum(songs) OVER up_to"
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
