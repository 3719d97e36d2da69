"""What a program does that chats by the Python SDK, synchronously and not. The model does what it is told (see
`provider.rs`). Prints `all is well`, or fails."""

import asyncio
import json
import time

import julep
from julep import AsyncJulep, Julep
from julep.types import ChatResponse, History
from julep.types.chosen_function_call import ChosenFunctionCall

NOBODY = "0191b6f4-0d2c-7c3e-8d70-2b1f0a6c9e11"
client = Julep(max_retries=0)

LOOK = {
    "name": "look",
    "type": "function",
    "description": "Looks a word up.",
    "function": {"parameters": {"type": "object", "properties": {"word": {"type": "string"}}}},
}
ASK_LOOK = 'use look {"word": "kernel"}'


def user(text):
    return [{"role": "user", "content": text}]


def raises(error, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except error as raised:
        body = raised.body["error"]
        assert {"message", "code", "type"} <= body.keys(), raised.body
        return body
    raise AssertionError(f"{error.__name__} was to be raised")


def new_session(*tools, **fields):
    agent = client.agents.create(name="Ada", model="openai:tiny")
    for tool in tools:
        client.agents.tools.create(agent.id, **tool)
    return client.sessions.create(agent=agent.id, **fields).id


def plain():
    session = new_session()
    answer = client.sessions.chat(session, messages=user("hello there"))
    assert isinstance(answer, ChatResponse), type(answer)
    assert answer.jobs == [] and answer.docs == [] and answer.created_at.tzinfo, answer
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens) == (10, 5, 15)
    [choice] = answer.choices
    assert (choice.index, choice.finish_reason, choice.logprobs) == (0, "stop", None), choice
    assert (choice.message.role, choice.message.content) == ("assistant", "You said: hello there"), choice
    # What the SDK does not know of is there all the same.
    assert answer.to_dict()["messages"][0]["content"] == "You said: hello there"
    assert (answer.pending_tool_calls, answer.stop_details, answer.warnings) == ([], None, [])

    history = client.sessions.history(session)
    assert isinstance(history, History) and history.session_id == session, history
    assert [(entry.role, entry.source) for entry in history.entries] == [
        ("user", "api_request"),
        ("assistant", "api_response"),
    ], history
    assert history.entries[1].id == choice.message.id and history.entries[1].model == "openai:tiny", history
    assert client.sessions.delete(session).id == session
    raises(julep.NotFoundError, client.sessions.history, session)


def every_field():
    session = new_session(LOOK)
    agent = client.sessions.get(session).agents[0]
    answer = client.sessions.chat(
        session,
        messages=[{"role": "system", "content": "Be brief."}, *user([{"type": "text", "text": "hi"}])],
        agent=agent,
        auto_run_tools=True,
        frequency_penalty=2,
        length_penalty=2,
        logit_bias={"50": -100},
        max_tokens=1,
        metadata={"a": 1},
        min_p=1,
        model="openai:large",
        presence_penalty=-2,
        recall=False,
        recall_tools=False,
        repetition_penalty=0,
        response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}},
        save=False,
        seed=1000,
        stop=["a", "b", "c", "d"],
        temperature=5,
        tool_choice="none",
        tools=[{"name": "find", "type": "function", "function": {}}],
        top_p=1,
        stream=False,
    )
    assert answer.choices[0].message.content == "You said: hi", answer
    # This provider's limit is lower than the API's.
    assert [warning["field"] for warning in answer.warnings] == ["temperature"], answer.warnings
    assert client.sessions.history(session).entries == [], "nothing of it was to be saved"


def function_tool():
    session = new_session(LOOK)
    answer = client.sessions.chat(session, messages=user(ASK_LOOK))
    [choice] = answer.choices
    [call] = choice.message.tool_calls
    assert choice.finish_reason == "tool_calls" and isinstance(call, ChosenFunctionCall), answer
    assert (call.type, call.function.name) == ("function", "look"), call
    assert json.loads(call.function.arguments) == {"word": "kernel"}, call
    assert answer.pending_tool_calls == [call.id], answer
    result = {"role": "tool", "tool_call_id": call.id, "name": "look", "content": "the core"}
    final = client.sessions.chat(session, messages=[result])
    assert final.choices[0].message.content == "It says: the core", final
    assert final.choices[0].finish_reason == "stop" and final.pending_tool_calls == [], final
    body = raises(julep.BadRequestError, client.sessions.chat, session, messages=[result])
    assert call.id in body["message"], body
    entries = client.sessions.history(session).entries
    assert [entry.role for entry in entries] == ["user", "assistant", "tool", "assistant"], entries
    assert entries[1].tool_calls[0].id == call.id and entries[2].tool_call_id == call.id, entries

    # A tool for this request only.
    other = new_session()
    answer = client.sessions.chat(other, messages=user(ASK_LOOK), tools=[LOOK])
    assert answer.choices[0].finish_reason == "tool_calls", answer


def tool_of_the_sandbox():
    session = new_session({"name": "shell", "type": "bash_20241022", "bash_20241022": {}})
    answer = client.sessions.chat(session, messages=user('use shell {"command": "ls"}'))
    assert answer.choices[0].message.content == "It says: $ ls", answer
    assert [message["role"] for message in answer.messages] == ["assistant", "tool", "assistant"], answer
    assert answer.messages[0]["tool_calls"][0]["bash_20241022"] == {"command": "ls"}, answer
    assert answer.usage.total_tokens == 30, "the sum of both steps"
    # Without being run, the call comes back, and the client answers it.
    answer = client.sessions.chat(session, messages=user('use shell {"command": "ls"}'), auto_run_tools=False)
    [call] = answer.choices[0].message.tool_calls
    assert (answer.choices[0].finish_reason, call.type) == ("tool_calls", "bash_20241022"), answer
    assert call.to_dict()["bash_20241022"] == {"command": "ls"}, call
    result = [{"role": "tool", "tool_call_id": call.id, "content": "mine"}]
    assert client.sessions.chat(session, messages=result).choices[0].message.content == "It says: mine"


def streams():
    session = new_session(LOOK)
    with client.sessions.chat(session, messages=user("one two three"), stream=True) as stream:
        chunks = list(stream)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "You said: one two three", chunks
    assert len(chunks) > 1 and len({chunk.id for chunk in chunks}) == 1, chunks
    assert all(chunk.choices[0].delta.role == "assistant" for chunk in chunks if chunk.choices), chunks
    ends = [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices]
    assert [end for end in ends if end] == ["stop"], ends
    assert [chunk.usage.total_tokens for chunk in chunks if chunk.usage] == [15] and chunks[-1].usage, chunks

    chunks = list(client.sessions.chat(session, messages=user(ASK_LOOK), stream=True))
    pieces = [piece for chunk in chunks for piece in chunk.to_dict()["choices"][0]["delta"]["tool_calls"] or []]
    arguments = "".join(piece["function"].get("arguments", "") for piece in pieces)
    assert json.loads(arguments) == {"word": "kernel"}, pieces
    assert (pieces[0]["function"]["name"], pieces[0]["type"]) == ("look", "function"), pieces
    assert chunks[-1].pending_tool_calls == [pieces[0]["id"]], chunks[-1]
    result = [{"role": "tool", "tool_call_id": pieces[0]["id"], "content": "the core"}]
    text = "".join(
        chunk.choices[0].delta.content or "" for chunk in client.sessions.chat(session, messages=result, stream=True)
    )
    assert text == "It says: the core", text
    assert [entry.role for entry in client.sessions.history(session).entries] == [
        "user",
        "assistant",
        "user",
        "assistant",
        "tool",
        "assistant",
    ]

    # Before it begins a failure is an error, and after that the stream's last object.
    body = raises(julep.BadRequestError, client.sessions.chat, session, messages=user("refuse 400"), stream=True)
    assert body["code"] == "llm_bad_request", body
    read = [chunk.to_dict() for chunk in client.sessions.chat(session, messages=user("cut off"), stream=True)]
    assert read[0]["choices"][0]["delta"]["content"] == "I was about to", read
    assert read[-1]["error"]["code"] == "llm_api_error", read
    # One that goes away has its answer in the history.
    stream = client.sessions.chat(session, messages=user("again"), stream=True)
    next(iter(stream))
    stream.close()
    for _ in range(600):
        last = client.sessions.history(session).entries[-1]
        if "You said: again" in json.dumps(last.to_dict(), default=str):
            break
        time.sleep(0.02)
    else:
        raise AssertionError(f"the turn did not come to its end: {last}")


def errors():
    session, agent = new_session(), client.agents.create(name="Eve")
    chat = client.sessions.chat
    raises(julep.NotFoundError, chat, NOBODY, messages=user("hi"))
    raises(julep.NotFoundError, chat, agent.id, messages=user("hi"))
    raises(julep.BadRequestError, chat, session, messages=user("hi"), agent=agent.id)
    assert "`none`" in raises(julep.BadRequestError, chat, session, messages=user("hi"), model="none")["message"]
    for fields, kind, place in [
        ({"messages": []}, "too_short", "messages"),
        ({"messages": [{"role": "developer", "content": "x"}]}, "literal_error", "messages[0].role"),
        ({"temperature": 5.1}, "less_than_equal", "temperature"),
        ({"tool_choice": "required"}, "literal_error", "tool_choice"),
        ({"stop": ["a"] * 5}, "too_long", "stop"),
        ({"model": "4o"}, "string_pattern_mismatch", "model"),
        ({"agent": "x"}, "uuid_parsing", "agent"),
        ({"tools": [{"name": "my-tool", "type": "function"}]}, "string_pattern_mismatch", "tools[0].name"),
    ]:
        error = raises(julep.UnprocessableEntityError, chat, session, **{"messages": user("hi"), **fields})
        assert [(each["type"], each["loc"]) for each in error["details"]] == [(kind, place)], error
    wrong = Julep(api_key="x" * 20, max_retries=0)
    for stream in [False, True]:
        raises(julep.PermissionDeniedError, wrong.sessions.chat, session, messages=user("hi"), stream=stream)
    for status, error in [
        (400, julep.BadRequestError),
        (401, julep.InternalServerError),
        (429, julep.InternalServerError),
        (500, julep.InternalServerError),
    ]:
        raises(error, chat, session, messages=user(f"refuse {status}"))
    assert raises(julep.InternalServerError, chat, session, messages=user("cut off"))["code"] == "llm_api_error"
    assert client.sessions.history(session).entries == [], "what failed is not part of the talk"
    # Repeating can't help, and the SDK is told so: with five retries it still comes back at once.
    before = time.monotonic()
    raises(julep.InternalServerError, Julep(max_retries=5).sessions.chat, session, messages=user("refuse 401"))
    assert time.monotonic() - before < 0.9


async def at_the_same_time():
    async with AsyncJulep(max_retries=0) as both:
        agent = await both.agents.create(name="Async", model="openai:tiny")
        await both.agents.tools.create(agent.id, **LOOK)
        person = await both.users.create(name="Bob")
        sessions = await asyncio.gather(*(both.sessions.create(agent=agent.id, user=person.id) for _ in range(8)))
        answers = await asyncio.gather(
            *(both.sessions.chat(each.id, messages=user(f"I am {i}")) for i, each in enumerate(sessions))
        )
        said = [answer.choices[0].message.content for answer in answers]
        assert said == [f"You said: I am {i}" for i in range(8)], said

        session = sessions[0].id
        stream = await both.sessions.chat(session, messages=user("one two"), stream=True)
        assert "".join([chunk.choices[0].delta.content or "" async for chunk in stream]) == "You said: one two"
        answer = await both.sessions.chat(session, messages=user(ASK_LOOK))
        [call] = answer.choices[0].message.tool_calls
        result = [{"role": "tool", "tool_call_id": call.id, "content": "the core"}]
        stream = await both.sessions.chat(session, messages=result, stream=True)
        assert "".join([chunk.choices[0].delta.content or "" async for chunk in stream]) == "It says: the core"
        assert len((await both.sessions.history(session)).entries) == 8

        # A second turn of a session is refused while the first one runs, and the SDK, which may repeat, gets through.
        hanging = await both.sessions.chat(sessions[1].id, messages=user("hang"), stream=True)
        await anext(aiter(hanging))
        try:
            await both.sessions.chat(sessions[1].id, messages=user("hi"))
        except julep.ConflictError as error:
            assert error.response.headers["retry-after"], error
        else:
            raise AssertionError("the session was busy")
        patient = AsyncJulep(max_retries=5)
        waiting = asyncio.create_task(patient.sessions.chat(sessions[1].id, messages=user("now")))
        await both.post(f"/sessions/{sessions[1].id}/cancel", cast_to=object)
        assert (await waiting).choices[0].message.content == "You said: now"

        for id, error in [(NOBODY, julep.NotFoundError), ("x", julep.UnprocessableEntityError)]:
            try:
                await both.sessions.chat(id, messages=user("hi"))
            except error as raised:
                assert raised.body["error"]["message"], raised.body
            else:
                raise AssertionError(f"{error.__name__} was to be raised")


plain()
every_field()
function_tool()
tool_of_the_sandbox()
streams()
errors()
asyncio.run(at_the_same_time())
print("all is well")
