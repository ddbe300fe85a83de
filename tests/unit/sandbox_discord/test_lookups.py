import pytest

from sandbox.discord import Bucket, Limits, LocalDiscord, Permission, PickerError
from sandbox.discord.extract_schemas import extract
from sandbox.discord.payloads import Payload, as_payload, entries, entry
from tests.harness.clock import FakeClock
from tests.unit.sandbox_discord.conftest import COMMANDS, Api, command, option

COMMAND = "/applications/{application_id}/guilds/{guild_id}/commands"


def guild(api: Api, **more: object) -> dict[str, object]:
    return {"guild_id": api.discord.guild.id, **more}


def names(found: object) -> list[object]:
    return [as_payload(one)["name"] for one in found] if isinstance(found, list) else []


def test_a_guilds_commands_are_made_one_by_one_and_removed(api: Api) -> None:
    first = api.ask(f"POST {COMMAND}", body=command("a"), at=guild(api))
    api.ask(f"POST {COMMAND}", body=command("b"), at=guild(api))
    again = api.ask(f"POST {COMMAND}", body=command("a", description="new"), at=guild(api))
    assert (again["id"], again["description"]) == (first["id"], "new")
    assert sorted(map(str, names(api.answer(f"GET {COMMAND}", at=guild(api))))) == ["a", "b"]
    one = guild(api, command_id=first["id"])
    assert api.ask(f"GET {COMMAND}/{{command_id}}", at=one)["guild_id"] == str(api.discord.guild.id)
    api.answer(f"DELETE {COMMAND}/{{command_id}}", at=one)
    assert api.refused(f"DELETE {COMMAND}/{{command_id}}", at=one) == (404, 10063)
    assert api.discord.registrations(api.discord.guild) == 3


def test_commands_are_listed_with_all_translations_only_if_a_client_asks(api: Api) -> None:
    translated = {"description_localizations": {"de": "Zeigt Credits", "en-US": "See them"}}
    api.answer(COMMANDS, body=[command("credits", option("days", 4, **translated), **translated)])
    route = "GET /applications/{application_id}/commands"
    (whole,) = entries({"all": api.answer(route, query={"with_localizations": "true"})}, "all")
    (mine,) = entries({"all": api.answer(route)}, "all")
    for shown in (whole, *entries(whole, "options")):
        assert shown["description_localizations"] == translated["description_localizations"]
        assert "description_localized" not in shown
    for shown in (mine, *entries(mine, "options")):
        assert shown["description_localized"] == "See them"
        assert "description_localizations" not in shown


def test_commands_of_others_and_of_other_guilds_are_out_of_reach(api: Api) -> None:
    assert api.refused(COMMANDS, body=[], at={"application_id": 1}) == (403, 20012)
    assert api.refused(f"PUT {COMMAND}", body=[], at={"guild_id": 1}) == (403, 50001)
    assert api.refused(COMMANDS, body={}) == (400, 50035)


def test_a_day_has_so_many_new_commands_but_a_known_one_is_free(clock: FakeClock) -> None:
    api = Api(LocalDiscord(clock=clock, limits=Limits(command_creates=Bucket(requests=1, per_s=86_400))))
    for _ in range(2):
        api.answer(COMMANDS, body=[command("a")])
    assert api.refused(COMMANDS, body=[command("a"), command("b")]) == (400, 30034)
    clock.advance(86_400)
    assert names(api.answer(COMMANDS, body=[command("a"), command("b")])) == ["a", "b"]


def test_members_are_paged_by_id(api: Api) -> None:
    listed = api.answer("GET /guilds/{guild_id}/members", query={"limit": "2"}, at=guild(api))
    assert isinstance(listed, list)
    ids = [entry(as_payload(one), "user")["id"] for one in listed]
    assert len(ids) == 2
    rest = api.answer(
        "GET /guilds/{guild_id}/members", query={"limit": "9", "after": str(ids[1])}, at=guild(api)
    )
    assert isinstance(rest, list)
    assert len(rest) == len(api.discord.guild.members) - 2
    assert api.refused("GET /guilds/{guild_id}/members/{user_id}", at=guild(api, user_id=1)) == (404, 10007)


def test_the_members_of_each_role_are_counted_without_everybodys_own(api: Api) -> None:
    vip = api.discord.add.role(api.discord.guild, name="VIP")
    counts = api.answer("GET /guilds/{guild_id}/roles/member-counts", at=guild(api))
    assert counts == {str(api.discord.moderators.id): 1, str(vip.id): 0}


def test_what_nobody_knows_is_unknown(api: Api) -> None:
    assert api.refused("GET /users/{user_id}", at={"user_id": 1}) == (404, 10013)
    assert api.refused("POST /users/@me/channels", body={"recipient_id": "1"}) == (404, 10013)
    assert api.refused("GET /channels/{channel_id}", at={"channel_id": 1}) == (404, 10003)


def test_a_bot_leaves_a_guild_and_is_invited_again(api: Api) -> None:
    api.answer("DELETE /users/@me/guilds/{guild_id}", at=guild(api))
    assert api.refused("GET /guilds/{guild_id}", at=guild(api)) == (404, 10004)
    api.discord.disruptions.invite_bot(api.discord.guild)
    assert names([api.ask("GET /guilds/{guild_id}", at=guild(api))]) == ["Songwriters"]


async def test_roles_and_channels_are_options_too(api: Api) -> None:
    discord = api.discord
    api.answer(COMMANDS, body=[command("set", option("role", 8), option("channel", 7))])
    mo, songs = discord.member("Mo"), discord.channel("songs")
    used = await mo.slash("general", "set", role=discord.moderators, channel=songs)
    resolved = entry(used.interaction.data, "resolved")
    assert set(entry(resolved, "roles")) == {str(discord.moderators.id)}
    assert set(entry(resolved, "channels")) == {str(songs.id)}
    with pytest.raises(PickerError):
        await mo.slash("general", "set", role=songs)


async def test_a_member_uses_commands_only_in_channels_they_see(api: Api) -> None:
    api.answer(COMMANDS, body=[command("do")])
    api.discord.guild.roles[api.discord.guild.id].permissions &= ~Permission.USE_APPLICATION_COMMANDS
    with pytest.raises(PickerError):
        await api.discord.member("Ada").slash("general", "do")
    assert (await api.discord.member("Odile").slash("general", "do")).answers == 0


def test_an_extract_holds_what_its_routes_need_and_no_prose() -> None:
    used: Payload = {"type": "object", "description": "prose", "properties": {"title": {"$ref": "#/x/Inner"}}}
    operation: Payload = {
        "responses": {
            "200": {"content": {"application/json": {"schema": {"$ref": "#/x/Used"}}}},
            "4XX": {"content": {"application/json": {"schema": {"$ref": "#/x/Error"}}}},
        }
    }
    document: Payload = {
        "paths": {"/a": {"get": operation}},
        "components": {"schemas": {"Used": used, "Inner": {"type": "string"}, "Other": {}}},
    }
    made = extract(document, routes=["GET /a", "GET /b"], taken_on="2026-07-18")
    assert made["routes"] == {"GET /a": {"request": None, "answers": {"200": {"$ref": "#/x/Used"}}}}
    kept = {"type": "object", "properties": {"title": {"$ref": "#/x/Inner"}}}
    assert entry(made, "components")["schemas"] == {"Inner": {"type": "string"}, "Used": kept}


def test_the_audit_log_tells_who_added_the_bot_to_those_who_may_see_it(api: Api) -> None:
    log, where, mo = "GET /guilds/{guild_id}/audit-logs", guild(api), api.discord.member("Mo")
    api.discord.disruptions.invite_bot(api.discord.guild)
    api.discord.disruptions.invite_bot(api.discord.guild, by=mo)
    assert api.refused(log, at=where) == (403, 50013)
    api.discord.guild.roles[api.discord.guild.id].permissions |= Permission.VIEW_AUDIT_LOG
    entries = as_payload(api.answer(log, at=where, query={"action_type": "28"}))["audit_log_entries"]
    assert isinstance(entries, list)
    newest, oldest = map(as_payload, entries)
    assert (newest["user_id"], newest["target_id"]) == (str(mo.id), str(api.discord.application_id))
    for query in ({"after": str(oldest["id"])}, {"before": str(newest["id"])}, {"limit": "1"}):
        found = as_payload(api.answer(log, at=where, query=query))["audit_log_entries"]
        assert found == ([oldest] if "before" in query else [newest])
