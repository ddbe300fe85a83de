"""The rules of the ledger as SQL queries; each breach becomes a sentence."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, text

from bot.domain.requests import ACTIVE, USED, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """The totals of the ledger, over all members and windows."""

    requests: Mapping[State, int]
    """How many requests are in each state; states without any are left out."""
    granted: int
    held: int
    used: int

    @property
    def available(self) -> int:
        """Return the credits that can still be spent, those of past windows included."""
        return self.granted - self.held - self.used


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the ledger: a query that selects the breaches, and the sentence for each row."""

    query: str
    sentence: str


RULES = (
    Rule(
        """
        SELECT a.id, a.credits_posted, a.debits_pending, a.debits_posted,
            coalesce(s.granted, 0) AS granted, coalesce(s.held, 0) AS held, coalesce(s.used, 0) AS used
        FROM accounts a LEFT JOIN (
            SELECT account, sum(granted) AS granted, sum(held) AS held, sum(used) AS used FROM (
                SELECT credit AS account, amount AS granted, 0 AS held, 0 AS used FROM transfers
                WHERE kind = 'single'
                UNION ALL
                SELECT debit, -amount, 0, 0 FROM transfers WHERE kind = 'single'
                UNION ALL
                SELECT t.debit, 0, t.amount, 0 FROM transfers t LEFT JOIN transfers e ON e.pending_id = t.id
                WHERE t.kind = 'pending' AND e.id IS NULL
                UNION ALL
                SELECT debit, 0, 0, amount FROM transfers WHERE kind = 'post'
            ) AS moved
            GROUP BY account
        ) AS s ON s.account = a.id
        WHERE a.kind <> 'system' AND (
            a.credits_posted <> coalesce(s.granted, 0) OR a.debits_pending <> coalesce(s.held, 0)
            OR a.debits_posted <> coalesce(s.used, 0)
        )
        ORDER BY a.id
        """,
        "Account {id}: it counts {credits_posted} granted, {debits_pending} held and {debits_posted} used, "
        "but its transfers come to {granted}, {held} and {used}.",
    ),
    Rule(
        """
        SELECT id, credits_posted - debits_posted - debits_pending AS available FROM accounts
        WHERE credits_posted - debits_posted - debits_pending < 0
           OR credits_posted < 0 OR debits_posted < 0 OR debits_pending < 0
        ORDER BY id
        """,
        "Account {id}: a count is below zero; {available} credits are available.",
    ),
    Rule(
        """
        SELECT * FROM (
            SELECT r.id, r.state, r.cost, coalesce(h.of_member, 0) AS of_member,
                coalesce(h.of_budget, 0) AS of_budget, coalesce(h.of_server, 0) AS of_server,
                coalesce(h.of_total, 0) AS of_total, coalesce(h.legs, 0) AS legs,
                coalesce(h.payers, 0) AS payers, coalesce(h.ends, 0) AS ends, coalesce(h.ways, 0) AS ways
            FROM requests r LEFT JOIN (
                SELECT t.request_id,
                    sum(CASE WHEN t.kind = 'pending' AND a.kind = 'member' THEN t.amount END) AS of_member,
                    sum(CASE WHEN t.kind = 'pending' AND a.kind = 'budget' THEN t.amount END) AS of_budget,
                    sum(CASE WHEN t.kind = 'pending' AND a.kind = 'server_cap' THEN t.amount END)
                        AS of_server,
                    sum(CASE WHEN t.kind = 'pending' AND a.kind = 'total_cap' THEN t.amount END) AS of_total,
                    count(CASE t.kind WHEN 'pending' THEN 1 END) AS legs,
                    count(DISTINCT CASE t.kind WHEN 'pending' THEN t.debit END) AS payers,
                    count(CASE WHEN t.kind IN ('post', 'void') THEN 1 END) AS ends,
                    count(DISTINCT CASE WHEN t.kind IN ('post', 'void') THEN t.kind END) AS ways
                FROM transfers t LEFT JOIN accounts a ON a.id = t.debit
                WHERE t.request_id IS NOT NULL GROUP BY t.request_id
            ) AS h ON h.request_id = r.id
        ) AS holds
        WHERE of_member <> cost OR of_budget NOT IN (0, cost) OR of_server NOT IN (0, cost)
           OR of_total NOT IN (0, cost) OR legs <> payers OR ends NOT IN (0, legs) OR ways > 1
        ORDER BY id
        """,
        "Request {id} ({state}): it costs {cost} and holds {of_member} of its member, {of_budget} of the "
        "budget, {of_server} of its server's cap and {of_total} of the cap over all servers, in {legs} parts "
        "from {payers} accounts, with {ends} ends of {ways} kinds: not one hold and at most one end.",
    ),
    # Where a person was erased, the request has member 0 and the account none: such a request may be paid
    # from any account of its server.
    Rule(
        """
        SELECT h.id, h.amount, h.debit, r.id AS request_id, r.guild_id, r.user_id
        FROM transfers h
        JOIN accounts a ON a.id = h.debit
        LEFT JOIN requests r ON r.id = h.request_id
        WHERE h.kind = 'pending' AND (
            r.id IS NULL OR (a.kind <> 'total_cap' AND coalesce(a.guild_id, 0) <> r.guild_id)
            OR (a.kind = 'member' AND r.user_id <> 0 AND coalesce(a.user_id, 0) <> r.user_id)
        )
        ORDER BY h.id
        """,
        "Transfer {id}: it holds {amount} credits of {debit}, but is for request {request_id}, which is of "
        "member {user_id} of server {guild_id}.",
    ),
    # A cap limits only what it counts: since it was opened, each hold has a part on it.
    Rule(
        """
        SELECT h.request_id, c.guild_id, h.at FROM credit_caps c
        JOIN accounts payer ON payer.kind = 'member' AND (c.guild_id = 0 OR payer.guild_id = c.guild_id)
        JOIN transfers h ON h.debit = payer.id AND h.kind = 'pending' AND h.at > c.opened_at
        WHERE c.period IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM transfers t JOIN accounts a ON a.id = t.debit
            WHERE t.request_id = h.request_id AND t.kind = 'pending' AND a.guild_id = c.guild_id
              AND a.kind = CASE WHEN c.guild_id = 0 THEN 'total_cap' ELSE 'server_cap' END
        )
        GROUP BY h.request_id, c.guild_id, h.at
        ORDER BY c.guild_id, h.request_id
        """,
        "Request {request_id}: it was placed at {at} and has no part on the cap of server {guild_id} (0: of "
        "all servers).",
    ),
    Rule(
        """
        SELECT e.id, h.id AS hold FROM transfers e
        JOIN transfers h ON h.id = e.pending_id
        WHERE h.kind <> 'pending' OR e.debit <> h.debit OR e.credit <> h.credit OR e.amount <> h.amount
           OR coalesce(e.request_id, 0) <> coalesce(h.request_id, 0)
        ORDER BY e.id
        """,
        "Transfer {id}: it is not the other half of {hold}, which it ends.",
    ),
    Rule(
        """
        SELECT r.id, r.state, coalesce(e.kind, 'nothing') AS ended_by,
            CASE WHEN r.state IN :active THEN 'nothing' WHEN r.state IN :used THEN 'post' ELSE 'void' END
                AS due
        FROM requests r
        JOIN transfers h ON h.request_id = r.id AND h.kind = 'pending'
        LEFT JOIN transfers e ON e.pending_id = h.id
        WHERE coalesce(e.kind, 'nothing') <>
            CASE WHEN r.state IN :active THEN 'nothing' WHEN r.state IN :used THEN 'post' ELSE 'void' END
        ORDER BY r.id
        """,
        "Request {id}: it is {state}, so {due} should have ended its hold, but {ended_by} has.",
    ),
    Rule(
        """
        SELECT r.id, r.state, coalesce((
            SELECT e.state FROM events e WHERE e.request_id = r.id ORDER BY e.seq DESC LIMIT 1
        ), 'nowhere') AS last_state
        FROM requests r
        WHERE r.state <> coalesce((
            SELECT e.state FROM events e WHERE e.request_id = r.id ORDER BY e.seq DESC LIMIT 1
        ), 'nowhere')
        ORDER BY r.id
        """,
        "Request {id}: it is {state}, but its events end {last_state}.",
    ),
    Rule(
        """
        SELECT guild_id, user_id, sum(counted) AS counted, sum(active) AS active FROM (
            SELECT guild_id, user_id, active AS counted, 0 AS active FROM members
            UNION ALL
            SELECT guild_id, user_id, 0, 1 FROM requests WHERE state IN :active
        ) AS counts
        GROUP BY guild_id, user_id HAVING sum(counted) <> sum(active)
        ORDER BY guild_id, user_id
        """,
        "Member {user_id} of server {guild_id}: {counted} requests are counted as active, but {active} are.",
    ),
    Rule(
        """
        SELECT guild_id, day, sum(songs) AS songs, sum(credits) AS credits, sum(posted_songs) AS posted_songs,
            sum(posted) AS posted
        FROM (
            SELECT guild_id, day, 0 AS posted_songs, 0 AS posted,
                songs - lag(songs, 1, 0) OVER up_to AS songs,
                credits - lag(credits, 1, 0) OVER up_to AS credits
            FROM daily_usage WHERE kind = 'server' WINDOW up_to AS (PARTITION BY guild_id ORDER BY day)
            UNION ALL
            SELECT a.guild_id, utc_day(t.at), count(DISTINCT t.request_id), sum(t.amount), 0, 0
            FROM transfers t JOIN accounts a ON a.id = t.debit AND a.kind = 'member'
            WHERE t.kind = 'post' GROUP BY a.guild_id, utc_day(t.at)
        ) AS used
        GROUP BY guild_id, day HAVING sum(songs) <> sum(posted_songs) OR sum(credits) <> sum(posted)
        ORDER BY guild_id, day
        """,
        "Usage of server {guild_id} on {day}: {songs} songs and {credits} credits are counted, but transfers "
        "used {posted} credits for {posted_songs}.",
    ),
    Rule(
        """
        SELECT guild_id, day, sum(CASE kind WHEN 'server' THEN credits ELSE 0 END) AS of_server,
            sum(CASE kind WHEN 'member' THEN credits ELSE 0 END) AS of_members
        FROM (
            SELECT guild_id, kind, day, songs - lag(songs, 1, 0) OVER up_to AS songs,
                credits - lag(credits, 1, 0) OVER up_to AS credits
            FROM daily_usage WHERE kind IN ('server', 'member')
            WINDOW up_to AS (PARTITION BY guild_id, kind, key ORDER BY day)
        ) AS used
        GROUP BY guild_id, day
        HAVING sum(CASE kind WHEN 'server' THEN credits ELSE -credits END) <> 0
            OR sum(CASE kind WHEN 'server' THEN songs ELSE -songs END) <> 0
        ORDER BY guild_id, day
        """,
        "Usage of server {guild_id} on {day}: {of_server} credits are counted, but {of_members} of its "
        "members, or other numbers of songs.",
    ),
    # more may be counted: while a server is being erased, its requests lose their members first
    Rule(
        """
        SELECT guild_id, user_id, sum(counted) AS counted, sum(used) AS used FROM (
            SELECT guild_id, CAST(key AS BIGINT) AS user_id, max(credits) AS counted, 0 AS used
            FROM daily_usage WHERE kind = 'member' AND key <> '0' AND key NOT LIKE 'nobody%'
            GROUP BY guild_id, key
            UNION ALL
            SELECT guild_id, user_id, 0, sum(cost) FROM requests WHERE state IN :used AND user_id <> 0
            GROUP BY guild_id, user_id
        ) AS both_sides
        WHERE NOT EXISTS (SELECT 1 FROM key_values WHERE key = 'erasure:' || both_sides.user_id)
        GROUP BY guild_id, user_id HAVING sum(counted) < sum(used)
        ORDER BY guild_id, user_id
        """,
        "Usage of member {user_id} of server {guild_id}: {counted} credits are counted, but the member's "
        "requests used {used}.",
    ),
    Rule(
        """
        SELECT * FROM (
            SELECT
                (SELECT coalesce(sum(debits_pending), 0) FROM accounts WHERE kind = 'member') AS held,
                (SELECT coalesce(sum(debits_posted), 0) FROM accounts WHERE kind = 'member') AS used,
                (SELECT coalesce(sum(cost), 0) FROM requests WHERE state IN :active) AS active_cost,
                (SELECT coalesce(sum(cost), 0) FROM requests WHERE state IN :used) AS used_cost
        ) AS sums
        WHERE held <> active_cost OR used <> used_cost
        """,
        "All members together hold {held} and used {used}, but all requests together hold {active_cost} and "
        "used {used_cost}.",
    ),
)
"""The rules of the ledger; `:active` and `:used` are the states in which credits are held and used.

`utc_day` is a time's day, which each database has another function for.
"""
_UTC_DAY = {"sqlite": r"date(\1)", "postgresql": r"to_char(\1 AT TIME ZONE 'UTC', 'YYYY-MM-DD')"}

_STATES = {"active": sorted(ACTIVE), "used": sorted(USED)}
_TOTALS = text(
    """
    SELECT coalesce(sum(credits_posted), 0), coalesce(sum(debits_pending), 0), coalesce(sum(debits_posted), 0)
    FROM accounts WHERE kind = 'member'
    """
)
_BY_STATE = text(
    "SELECT state, count(*) FROM requests WHERE state IN :states GROUP BY state ORDER BY state"
).bindparams(bindparam("states", expanding=True))


def audit_ledger(conn: Connection) -> list[str]:
    """Return each breach of the rules as a sentence that names the account, request or member."""
    breaches: list[str] = []
    day = _UTC_DAY[conn.dialect.name]
    for rule in RULES:
        terms = {name: states for name, states in _STATES.items() if f":{name}" in rule.query}
        query = text(re.sub(r"utc_day\((.+?)\)", day, rule.query)).bindparams(
            *(bindparam(name, expanding=True) for name in terms)
        )
        breaches += (rule.sentence.format(**row._mapping) for row in conn.execute(query, terms))
    return breaches


def totals(conn: Connection) -> Totals:
    """Return the totals of the ledger."""
    granted, held, used = conn.execute(_TOTALS).one()
    return Totals(requests=count_by_state(conn, State), granted=int(granted), held=int(held), used=int(used))


def count_by_state(conn: Connection, states: Iterable[State]) -> dict[State, int]:
    """Return how many requests are in each of these states; states without any are left out."""
    rows = conn.execute(_BY_STATE, {"states": sorted(states)})
    return {State(state): int(count) for state, count in rows}
