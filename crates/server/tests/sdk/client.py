"""What a program does that uses the Python SDK, synchronously and not. Prints `all is well`, or fails."""

import asyncio
import time

import julep
from julep import AsyncJulep, Julep

NOBODY = "0191b6f4-0d2c-7c3e-8d70-2b1f0a6c9e11"
client = Julep(max_retries=0)


def raises(error, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except error as raised:
        body = raised.body["error"]
        assert {"message", "code", "type"} <= body.keys(), raised.body
        return body
    raise AssertionError(f"{error.__name__} was to be raised")


def agents():
    agent = client.agents.create(name="Ada", about="a poet", instructions=["Be kind."], metadata={"team": 7})
    assert agent.canonical_name.startswith("ada_") and agent.project == "default", agent
    assert agent.created_at.tzinfo and agent.default_system_template.startswith("{%"), agent
    assert client.agents.get(agent.id) == agent
    assert client.agents.update(agent.id, about="a sailor").name == "Ada"
    assert client.agents.reset(agent.id, name="Eve").about == ""
    made = client.agents.create_or_update(NOBODY, name="Made", default_settings={"temperature": 0.5})
    assert made.id == NOBODY and made.default_settings == {"temperature": 0.5}, made
    assert client.agents.delete(NOBODY).id == NOBODY
    assert [model.id for model in client.agents.list_models().models] == ["gpt-4o", "claude 3"]
    return agent


def users():
    user = client.users.create(name="Bob", metadata={"n": 1})
    assert client.users.update(user.id, about="x").metadata == {"n": 1}
    assert client.users.reset(user.id, name="Rob").about == ""
    assert client.users.get(user.id).name == "Rob"
    assert client.users.create_or_update(NOBODY, name="Cat").id == NOBODY
    assert client.users.delete(NOBODY).jobs == []
    return user


def tools(agent):
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    look = client.agents.tools.create(agent.id, name="look", type="function", function={"parameters": schema})
    assert look.function.parameters == schema, look
    bash = client.agents.tools.create(agent.id, name="shell", type="bash_20241022", bash_20241022={})
    assert bash.bash_20241022.name == "bash", bash
    call = {"method": "GET", "url": "https://x.test", "headers": {"a": "b"}}
    call = client.agents.tools.create(agent.id, name="call", type="api_call", api_call=call)
    assert call.api_call.url == "https://x.test/" and call.api_call.headers == {"a": "b"}, call
    weather = {"provider": "weather", "method": "get", "setup": {"openweathermap_api_key": "k"}}
    weather = client.agents.tools.create(agent.id, name="weather", type="integration", integration=weather)
    assert weather.integration.provider == "weather", weather
    system = {"resource": "user", "operation": "list"}
    client.agents.tools.create(agent.id, name="users", type="system", system=system)
    assert client.agents.tools.update(look.id, agent_id=agent.id, description="new").description == "new"
    reset = client.agents.tools.reset(look.id, agent_id=agent.id, name="see", type="function", function={})
    assert (reset.name, reset.description) == ("see", None), reset
    assert [tool.name for tool in client.agents.tools.list(agent.id, direction="asc")] == [
        "see",
        "shell",
        "call",
        "weather",
        "users",
    ]
    raises(julep.ConflictError, client.agents.tools.create, agent.id, name="see", type="function", function={})
    assert client.agents.tools.delete(look.id, agent_id=agent.id).id == look.id


def sessions(agent, user):
    session = client.sessions.create(agent=agent.id, user=user.id, situation="At work", metadata={"a": 1})
    assert session.kind == "single_agent_single_user" and session.agents == [agent.id], session
    assert session.recall_options.mode == "vector" and session.render_templates is True, session
    changed = client.sessions.update(session.id, token_budget=100, render_templates=False)
    assert (changed.situation, changed.token_budget) == ("At work", 100), changed
    assert client.sessions.update(session.id, metadata={"b": 2}).render_templates is False
    assert client.sessions.reset(session.id, situation="At home").token_budget is None
    assert client.sessions.get(session.id).situation == "At home"
    options = {"mode": "hybrid", "alpha": 0.25}
    other = client.sessions.create_or_update(NOBODY, agents=[agent.id], recall_options=options)
    assert other.id == NOBODY and other.recall_options.alpha == 0.25, other
    history = client.sessions.history(session.id)
    assert (history.session_id, history.entries, history.relations) == (session.id, [], []), history
    assert {each.id for each in client.sessions.list()} == {session.id, NOBODY}
    assert client.sessions.delete(NOBODY).id == NOBODY


def documents(agent, user):
    for owner, docs, key in ((agent, client.agents.docs, "agent_id"), (user, client.users.docs, "user_id")):
        tea = docs.create(owner.id, title="Tea", content="Green tea wants 70 degrees.", metadata={"drink": True})
        assert (tea.content, tea.modality, tea.metadata) == (["Green tea wants 70 degrees."], "text", {"drink": True}), tea
        docs.create(owner.id, title="Sheep", content=["They graze.", "They bleat."])
        assert client.docs.get(tea.id) == tea
        assert [doc.title for doc in docs.list(owner.id, direction="asc")] == ["Tea", "Sheep"]
        raises(julep.ConflictError, docs.create, owner.id, title="Tea", content="Green tea wants 70 degrees.")
        found = docs.search(owner.id, text="How do sheep bleat?")
        [sheep] = found.docs
        assert (sheep.title, sheep.snippet.index, sheep.snippet.content) == ("Sheep", 1, "They bleat."), sheep
        assert sheep.owner.id == owner.id and found.time > 0, found
        raises(julep.BadRequestError, docs.search, owner.id, vector=[0.5])
        [gone] = docs.bulk_delete(owner.id, metadata_filter={"drink": True})
        assert gone.id == tea.id, gone
        [sheep] = docs.list(owner.id)
        assert docs.delete(sheep.id, **{key: owner.id}).id == sheep.id
        raises(julep.NotFoundError, client.docs.get, sheep.id)


def errors(agent):
    assert "Could not validate" in raises(julep.PermissionDeniedError, Julep(api_key="x" * 20).agents.list)["message"]
    raises(julep.NotFoundError, client.agents.get, NOBODY)
    raises(julep.BadRequestError, client.sessions.create, situation="nobody is here")
    raises(julep.BadRequestError, client.agents.create, name="Ada", model="gpt-0")
    [detail] = raises(julep.UnprocessableEntityError, client.agents.create, name="")["details"]
    assert (detail["type"], detail["loc"], detail["received"]) == ("string_too_short", "name", ""), detail
    [detail] = raises(julep.UnprocessableEntityError, client.agents.get, "x")["details"]
    assert detail["type"] == "uuid_parsing", detail
    # Repeating can't help, and the SDK is told so: with five retries it still comes back at once.
    client.agents.create(name="One", canonical_name="one")
    before = time.monotonic()
    raises(julep.ConflictError, Julep(max_retries=5).agents.create, name="One", canonical_name="one")
    assert time.monotonic() - before < 0.9


def paging():
    for number in range(7):
        client.users.create(name=f"p{number}", metadata={"page": {"number": number, "of": "seven"}})
    of_seven = {"page": {"of": "seven"}}
    names = [user.name for user in client.users.list(limit=3, direction="asc", metadata_filter=of_seven)]
    assert names == [f"p{number}" for number in range(7)], names
    page = client.users.list(limit=2, offset=1, direction="asc", metadata_filter=of_seven)
    assert ([user.name for user in page.items], page.total) == (["p1", "p2"], 7), page
    [five] = client.users.list(metadata_filter={"page": {"number": 5}})
    assert five.name == "p5", five
    raises(julep.BadRequestError, client.users.list, limit=101)


def others():
    assert client.healthz.check() == {"store": "ok"}
    project = client.projects.create(name="Moon", metadata={"x": 1})
    assert project.canonical_name.startswith("moon_") and project.metadata == {"x": 1}, project
    assert {each.name for each in client.projects.list()} == {"default", "Moon"}
    raises(julep.NotFoundError, client.jobs.get, NOBODY)


async def at_the_same_time():
    async with AsyncJulep(max_retries=0) as both:
        made = await asyncio.gather(*(both.agents.create(name="Twin") for _ in range(20)))
        assert len({agent.canonical_name for agent in made}) == 20
        user = await both.users.create(name="Async")
        session = await both.sessions.create(agents=[agent.id for agent in made[:2]], users=[user.id])
        assert session.kind == "multi_agent_single_user", session
        assert (await both.sessions.history(session.id)).entries == []
        tool = await both.agents.tools.create(made[0].id, name="look", type="function", function={})
        assert [each.id async for each in both.agents.tools.list(made[0].id)] == [tool.id]
        names = [agent.name async for agent in both.agents.list(limit=7, direction="asc")]
        assert names.count("Twin") == 20, names
        try:
            await both.users.get(NOBODY)
        except julep.NotFoundError:
            pass
        else:
            raise AssertionError("there is nobody")
        assert await both.healthz.check() == {"store": "ok"}


agent, user = agents(), users()
tools(agent)
sessions(agent, user)
documents(agent, user)
errors(agent)
paging()
others()
asyncio.run(at_the_same_time())
print("all is well")
