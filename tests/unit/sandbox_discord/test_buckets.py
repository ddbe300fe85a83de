from datetime import timedelta

from sandbox.discord.buckets import Buckets
from sandbox.discord.limits import Bucket
from sandbox.discord.model.snowflakes import Snowflakes, created_at
from tests.harness.clock import FakeClock

RULE = Bucket(requests=2, per_s=5.0)


def test_a_bucket_counts_down_refuses_and_opens_again(clock: FakeClock) -> None:
    buckets = Buckets(clock)
    standings = [buckets.take("route:1", rule=RULE) for _ in range(3)]
    assert [(one.allowed, one.remaining) for one in standings] == [(True, 1), (True, 0), (False, 0)]
    assert buckets.used_up("route:1", rule=RULE)
    clock.advance(4.9)
    assert not buckets.take("route:1", rule=RULE).allowed
    clock.advance(0.2)
    assert not buckets.used_up("route:1", rule=RULE)
    assert buckets.take("route:1", rule=RULE).allowed


def test_a_leaking_bucket_gives_one_request_back_after_the_other(clock: FakeClock) -> None:
    rule = Bucket(requests=5, per_s=5.0, leaks=True)
    buckets = Buckets(clock)
    last = [buckets.take("route:1", rule=rule) for _ in range(5)][-1]
    assert (last.remaining, last.reset_after_s) == (0, 5.0)
    refused = buckets.take("route:1", rule=rule)
    assert (refused.allowed, refused.retry_after_s) == (False, 1.0)
    clock.advance(2.5)
    again = [buckets.take("route:1", rule=rule) for _ in range(3)]
    assert [(one.allowed, one.remaining) for one in again] == [(True, 1), (True, 0), (False, 0)]
    assert again[-1].retry_after_s == 0.5
    clock.advance(60)
    assert buckets.take("route:1", rule=rule).remaining == 4


def test_places_do_not_share_a_window_but_the_name_of_the_bucket(clock: FakeClock) -> None:
    buckets = Buckets(clock)
    first, other = buckets.take("route:1", rule=RULE), buckets.take("route:2", rule=RULE)
    assert first.remaining == other.remaining == 1
    assert first.headers()["X-RateLimit-Bucket"] == other.headers()["X-RateLimit-Bucket"]
    assert (
        first.headers()["X-RateLimit-Bucket"]
        != buckets.take("x:1", rule=RULE).headers()["X-RateLimit-Bucket"]
    )


def test_headers_tell_the_standing_and_a_refusal_its_scope(clock: FakeClock) -> None:
    buckets = Buckets(clock)
    headers = buckets.take("route:1", rule=RULE).headers()
    clock.advance(1)
    assert (headers["X-RateLimit-Limit"], headers["X-RateLimit-Remaining"]) == ("2", "1")
    assert headers["X-RateLimit-Reset-After"] == "5.000"
    assert float(headers["X-RateLimit-Reset"]) == (clock() + timedelta(seconds=4)).timestamp()
    buckets.take("route:1", rule=RULE)
    refused = buckets.take("route:1", rule=RULE, scope="global").headers()
    assert refused["X-RateLimit-Scope"] == "global"
    assert refused["X-RateLimit-Global"] == "true"
    assert refused["Retry-After"] == "4"


def test_ids_tell_the_time_and_grow(clock: FakeClock) -> None:
    snowflakes = Snowflakes(clock)
    first, second = snowflakes.next(), snowflakes.next()
    assert first < second
    assert created_at(first) == clock()
