"""The demo's script: who asks for what, and what must come of it."""

from types import MappingProxyType

from sandbox.cqtai import PLAYLISTS, Playlist
from sandbox.cqtai.faults import Fault, Phase
from sandbox.cqtai.timeline import Fail
from sandbox.demo.actors import DemoRun

MODELS = ("v55", "v50")
LO_FI, DESERT, NIGHT_DRIVE, DISCO, PAPER_BOATS, GLACIER = PLAYLISTS
SONG, NONE = "30 credits", "0 credits"
FAILS_AT = 0.9
"""The share of a song's time after which the song that fails does so."""
ALL_OPTIONS = MappingProxyType(
    {
        "prompt": "a duet about the last bus home",
        "model": "v50",
        "style_weight": 0.8,
        "audio_weight": 0.25,
        "weirdness": 0.4,
        "persona": "0b6f4c0e-5a3d-4f4e-9c61-7f2d81c5a907",
        "artist_clip": "9d3f2b51-2c7e-4d80-8a14-6be0c93f1d08",
    }
)


def settings(song_s: float) -> dict[str, str]:
    """Return the bot's settings for songs that take so many seconds: two songs each, two at a time."""
    return {
        "DEFAULT_ALLOWANCE": "60",
        "MAX_RUNNING": "2",
        "POLL_MIN_S": "0.2",
        "POLL_MAX_S": "1",
        "STATUS_EDIT_MIN_S": f"{min(2.0, song_s / 5):g}",
    }


def link(playlist: Playlist) -> str:
    """Return a playlist's link as people copy it."""
    return f"https://suno.com/playlist/{playlist.id}"


async def three_songs(run: DemoRun) -> None:
    """Let Ada ask plainly, Ben with every option, Mo with a link that is cut off and then in the queue."""
    with run.world.songs_unfinished():
        ada = await run.song("Ada", playlist=link(LO_FI))
        await run.taken(1)
        await run.credits_of("Ada", **{"Available": SONG, "On hold": SONG})
        await run.song("Ben", playlist=DESERT.id, **ALL_OPTIONS)
        await run.taken(2)
        await run.refused("Mo", "looks cut off", playlist=link(GLACIER)[:-9])
        mo = await run.song("Mo", playlist=link(GLACIER))
        await run.shows(mo, "Position **1** in the queue")
    await run.result_for("Ada")
    await run.shows(ada, "Your song is ready")
    await run.result_for("Ben")
    await run.result_for("Mo")
    await run.shows(mo, "Your song is ready")
    await run.pause(2)


async def second_thoughts(run: DemoRun) -> None:
    """Let Ada's song fail and Ben cancel his while it waits; neither costs anything."""
    run.world.provider.faults.add(Fault(Phase.TASK, Fail(at=FAILS_AT), playlist_id=NIGHT_DRIVE.id))
    with run.world.songs_unfinished():
        ada = await run.song("Ada", playlist=link(NIGHT_DRIVE), prompt="something unspeakable")
        await run.taken(4)
        await run.song("Mo", playlist=link(DISCO), weirdness=0.9)
        await run.taken(5)
        ben = await run.song("Ben", playlist=link(PAPER_BOATS))
        await run.shows(ben, "Position **1** in the queue")
        await run.press("Ben", ben, "Cancel")
        await run.shows(ben, "Cancelled")
    await run.shows(ada, "Your 30 credits are back")
    await run.pause(2)
    await run.credits_of("Ada", **{"Available": SONG, "On hold": NONE, "Used": SONG})
    await run.result_for("Mo", count=2)
    await run.pause(2)


async def last_orders(run: DemoRun) -> None:
    """Let Mo use up everything, and everybody look at what is left."""
    await run.refused("Mo", "You get more", playlist=link(DISCO))
    await run.credits_of("Mo", **{"Available": NONE, "On hold": NONE, "Used": "60 credits"})
    await run.credits_of("Ben", **{"Available": SONG, "On hold": NONE, "Used": SONG})
    await run.credits_of("Ada", **{"Available": SONG, "On hold": NONE, "Used": SONG})


PARTS = (
    ("Three songs, two at a time", three_songs),
    ("One fails, one is taken back", second_thoughts),
    ("Nothing left to spend", last_orders),
)


async def run_script(run: DemoRun) -> None:
    """Run all parts of the script.

    Raises:
        ScriptError: a step did not come to pass.
    """
    for number, (title, part) in enumerate(PARTS, 1):
        run.output.begin_part(f"{number} of {len(PARTS)}: {title}")
        await part(run)
