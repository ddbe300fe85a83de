"""The panel "World": switches for faults, and what is seen of the bot from outside."""

import asyncio
from enum import StrEnum

from sandbox.bot_process import BotError
from sandbox.cqtai import Pace
from sandbox.cqtai.effects import BAD_GATEWAY, Drop, Slow
from sandbox.cqtai.faults import Fault, Phase
from sandbox.cqtai.timeline import Fail
from sandbox.discord.faults import Fault as DiscordFault
from sandbox.discord.faults import FaultKind
from sandbox.discord.payloads import Payload
from sandbox.world import World

MAX_RUNNING = 3
"""Tasks that the provider takes at once."""
SENT_SHOWN = 60
"""Lines of what the bot sent last."""
SLOW_S = 6.0
PACES_S = (5.0, 20.0, 100.0)


class Provider(StrEnum):
    """The state of the song provider."""

    NORMAL = "normal"
    SLOW = "slow"
    FAILING = "failing"
    EMPTY = "empty"
    DOWN = "down"


class Network(StrEnum):
    """The state of the network around the bot."""

    GOOD = "good"
    BAD = "bad"


PROVIDER_FAULTS: dict[Provider, tuple[Fault, ...]] = {
    Provider.SLOW: tuple(Fault(phase, Slow(SLOW_S), times=None) for phase in (Phase.SUBMIT, Phase.QUERY)),
    Provider.FAILING: (Fault(Phase.TASK, Fail(), times=None),),
}
LOST_REPLIES = (
    Fault(Phase.SUBMIT, Drop(), times=None, rate=0.1),
    Fault(Phase.QUERY, Drop(), times=None, rate=0.3),
    Fault(Phase.QUERY, BAD_GATEWAY, times=None, rate=0.2),
)
LOST_ANSWERS = (
    DiscordFault(kind=FaultKind.RESET_AFTER, times=None, rate=0.15),
    DiscordFault(kind=FaultKind.STATUS, times=None, rate=0.15, status=503),
    DiscordFault(kind=FaultKind.HANG, times=None, rate=0.2, after_s=1.0),
)


class Controls:
    """The switches of one world, shared by all open pages."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._provider = Provider.NORMAL
        self._network = Network.GOOD
        self._withheld = 0
        """Credits that the account had before it was made empty."""
        self._starting = False
        self._note = ""
        self._audit_output = ""
        self._turn = asyncio.Lock()

    async def change(self, control: str, value: str) -> None:
        """Set the switch to that value.

        Raises:
            ValueError: There is no such control, or it has no such value.
        """
        async with self._turn:
            match control:
                case "provider":
                    await self._set_provider(Provider(value))
                case "network":
                    self._network = Network(value)
                    self._set_faults()
                case "pace" if float(value) in PACES_S:
                    self._world.song_s = float(value)
                    self._world.provider.pace = Pace(float(value), max_running=MAX_RUNNING)
                case "bot" if value in ("kill", "start"):
                    await (self._kill() if value == "kill" else self.start())
                case "ledger":
                    await self._audit()
                case _:
                    raise ValueError(f"no control {control} that could be at {value}")

    async def start(self) -> None:
        """Start the bot, or say in the panel why it did not start."""
        self._starting, self._note = True, ""
        try:
            await self._world.start_bot()
        except BotError as error:
            self._note = str(error)
        finally:
            self._starting = False

    def snapshot(self) -> Payload:
        """Return everything that the panel shows."""
        provider = self._world.provider
        account = provider.credits
        return {
            "type": "world",
            "bot": self._bot_is(),
            "note": self._note,
            "provider": self._provider,
            "network": self._network,
            "pace": f"{self._world.song_s:g}",
            "balance": account.balance,
            "spent": account.spent,
            "refunded": account.refunded,
            "running": provider.running,
            "ledger": self._audit_output,
            "sent": self._sent(),
        }

    def _bot_is(self) -> str:
        if self._starting:
            return "starting"
        if self._world.bot.pid is None:
            return "stopped"
        return "running" if self._world.discord.gateway.connected else "starting"

    async def _kill(self) -> None:
        if self._world.bot.pid is not None:
            await self._world.bot.kill()
        self._note = "Killed in the middle of whatever it did (SIGKILL)."

    async def _audit(self) -> None:
        try:
            code, words = await self._world.bot.audit()
        except BotError as error:
            code, words = 1, str(error)
        self._audit_output = f"$ python -m bot audit\n{words}\nexit code {code}"

    async def _set_provider(self, wanted: Provider) -> None:
        world, before = self._world.provider, self._provider
        if before is wanted:
            return
        if before is Provider.DOWN:
            await world.open()
        if before is Provider.EMPTY:
            world.credits.balance += self._withheld
        if wanted is Provider.DOWN:
            await world.close()
        if wanted is Provider.EMPTY:
            self._withheld, world.credits.balance = world.credits.balance, 0
        self._provider = wanted
        self._set_faults()

    def _set_faults(self) -> None:
        bad = self._network is Network.BAD
        provider, discord = self._world.provider.faults, self._world.discord.faults
        provider.clear()
        provider.add(*PROVIDER_FAULTS.get(self._provider, ()), *(LOST_REPLIES if bad else ()))
        discord.clear()
        for fault in LOST_ANSWERS if bad else ():
            discord.add(fault)

    def _sent(self) -> list[Payload]:
        """Return the bot's last requests to both sides, newest first."""
        to_provider: list[tuple[float, Payload]] = [
            (one.at_s, {"to": "CQTAI", "what": f"{one.method} {one.path}", "status": one.status or 0})
            for one in self._world.provider.requests[-SENT_SHOWN:]
        ]
        to_discord: list[tuple[float, Payload]] = [
            (
                one.at.timestamp(),
                {"to": "Discord", "what": f"{one.method} {one.route}", "status": one.status}
                | ({"fault": one.fault} if one.fault else {}),
            )
            for one in self._world.discord.requests[-SENT_SHOWN:]
        ]
        both = sorted(to_provider + to_discord, key=lambda line: line[0], reverse=True)
        return [{"at": round(at, 1), **line} for at, line in both[:SENT_SHOWN]]
