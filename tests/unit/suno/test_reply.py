import pytest

from tests.unit.suno.replies import reply_of

DATE = "Fri, 09 Jan 2026 11:38:30 GMT"


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({}, None),
        ({"Retry-After": ""}, None),
        ({"Retry-After": "0"}, 0.0),
        ({"Retry-After": " 12 "}, 12.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"Retry-After": "86400"}, 300.0),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "inf"}, None),
        ({"Retry-After": "1_000"}, None),
        ({"Retry-After": "9" * 400}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "Fri, 09 Jan 2026 11:39:20 GMT"}, 20.0),
        ({"Retry-After": "Fri, 09 Jan 2026 11:39:20 -0000"}, 20.0),
        ({"Retry-After": "Fri, 09 Jan 2026 10:00:00 GMT"}, 0.0),
        ({"Retry-After": "Fri, 09 Jan 2099 10:00:00 GMT"}, 300.0),
        ({"Retry-After": "Fri, 99 Jan 2026 10:00:00 GMT"}, None),
        ({"Retry-After": "Fri, 09 Jan 2026 11:39:20 GMT", "Date": DATE}, 50.0),
        ({"Retry-After": "Fri, 09 Jan 2026 11:39:20 GMT", "Date": "today"}, 20.0),
    ],
)
def test_the_wait_is_in_seconds_and_believed_within_bounds(
    headers: dict[str, str], wait_s: float | None
) -> None:
    assert reply_of(b"", headers=headers).retry_after_s == wait_s


def test_a_reply_is_described_without_what_it_says() -> None:
    assert reply_of(b"words", status=500).description == "HTTP 500, no content type, 5 bytes"
    long = reply_of(b"", headers={"Content-Type": "x" * 500})
    assert len(long.description) < 100
