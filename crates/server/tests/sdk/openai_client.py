"""What a program does that uses OpenAI's Python client, synchronously and not. Prints `all is well`, or fails."""

import asyncio

import openai
from openai import AsyncOpenAI, OpenAI

client = OpenAI(max_retries=0)
hi = [{"role": "user", "content": "hi"}]
look = {
    "type": "function",
    "function": {
        "name": "look",
        "description": "looks",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}


def raises(error, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except error as raised:
        return raised
    raise AssertionError(f"{error.__name__} was to be raised")


def answers():
    assert [model.id for model in client.models.list()] == ["gpt-4o", "claude 3"]
    answer = client.chat.completions.create(model="gpt-4o", messages=hi, temperature=0.5, max_completion_tokens=5)
    choice = answer.choices[0]
    assert (choice.message.content, choice.finish_reason) == ("Good day.", "stop"), answer
    assert answer.usage.total_tokens == 11, answer
    options = {"include_usage": True}
    pieces = list(client.chat.completions.create(model="gpt-4o", messages=hi, stream=True, stream_options=options))
    text = "".join(choice.delta.content or "" for piece in pieces for choice in piece.choices)
    assert (text, pieces[-1].usage.total_tokens) == ("Good day.", 11), pieces


def functions():
    messages = [{"role": "user", "content": "weather?"}]
    answer = client.chat.completions.create(model="gpt-4o", messages=messages, tools=[look])
    message = answer.choices[0].message
    [call] = message.tool_calls
    assert (answer.choices[0].finish_reason, call.function.name) == ("tool_calls", "look"), answer
    messages += [message, {"role": "tool", "tool_call_id": call.id, "content": "fine"}]
    answer = client.chat.completions.create(model="gpt-4o", messages=messages, tools=[look])
    assert answer.choices[0].message.content == "It is fine.", answer

    messages = [{"role": "user", "content": "weather?"}]
    with client.chat.completions.stream(model="gpt-4o", messages=messages, tools=[look]) as stream:
        message = stream.get_final_completion().choices[0].message
    messages += [message.model_dump(), {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "cold"}]
    with client.chat.completions.stream(model="gpt-4o", messages=messages, tools=[look]) as stream:
        assert stream.get_final_completion().choices[0].message.content == "It is cold."


def errors():
    create = client.chat.completions.create
    raised = raises(openai.NotFoundError, create, model="gpt-9", messages=hi)
    assert (raised.code, raised.type) == ("model_not_found", "invalid_request_error"), raised
    raised = raises(openai.BadRequestError, create, model="gpt-4o", messages=hi, temperature=9)
    assert raised.param == "temperature", raised
    raises(openai.AuthenticationError, OpenAI(api_key="wrong", max_retries=0).models.list)


async def asynchronously():
    async with AsyncOpenAI(max_retries=0) as other:
        stream = await other.chat.completions.create(model="gpt-4o", messages=hi, stream=True)
        text = "".join([choice.delta.content or "" async for piece in stream for choice in piece.choices])
        assert text == "Good day.", text


answers()
functions()
errors()
asyncio.run(asynchronously())
print("all is well")
