from sandbox.discord import LocalDiscord, Permission
from sandbox.discord.schema import SchemaChecker
from tests.unit.sandbox_discord.conftest import COMMANDS, GET, POST, Api, command


async def test_an_answer_of_the_stand_in_fits_discords_schema(api: Api) -> None:
    message = await api.discord.member("Ada").say("general", "hi")
    where = {"channel_id": message.channel_id, "message_id": message.id}
    checker = SchemaChecker()
    answer = api.ask(GET, at=where)
    checker.response(GET, status=200, body=answer)
    assert checker.problems == []
    checker.response(GET, status=200, body=answer | {"timestamp": "noon"})
    checker.response(GET, status=200, body={**answer, "author": None})
    assert [problem.split(" at ")[1].split(":")[0] for problem in checker.problems] == [
        "timestamp",
        "author",
    ]


def test_every_look_up_fits_discords_schema(discord: LocalDiscord, api: Api) -> None:
    checker = SchemaChecker()
    discord.state.gateway.url = "ws://127.0.0.1:1"
    ada, guild = discord.member("Ada"), discord.guild
    guild.roles[guild.id].permissions |= Permission.VIEW_AUDIT_LOG
    discord.disruptions.invite_bot(guild, by=ada)
    api.ask(COMMANDS, body=[command("do")])
    where = {"guild_id": discord.guild.id, "user_id": ada.id, "channel_id": ada.direct_channel.id}
    lookups = [
        name for name in api.routes if name.startswith("GET") and "{" not in name.replace("{guild_id}", "")
    ]
    lookups += [
        "GET /users/{user_id}",
        "GET /guilds/{guild_id}/members/{user_id}",
        "GET /channels/{channel_id}",
    ]
    lookups += ["GET /applications/{application_id}/commands"]
    for name in lookups:
        checker.response(name, status=200, body=api.answer(name, at=where, query={"limit": "9"}))
    assert checker.problems == []
    assert checker.checked == len(lookups)


def test_a_request_is_checked_and_numbers_pass_for_ids(discord: LocalDiscord) -> None:
    checker = SchemaChecker()
    checker.request(POST, body={"content": "x", "attachments": [{"id": 0}]})
    assert checker.problems == []
    checker.request(POST, body={"content": 1})
    checker.request("GET /nowhere", body={})
    assert len(checker.problems) == 2
