"""The reference client against the example `serve_fakes`.

    python_client.py MODE stdio PROGRAM
    python_client.py MODE http URL KEY
"""

import sys
import time

import anyio
import httpx2
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client


async def drive(client: Client) -> None:
    print("version", client.protocol_version)
    tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert tools["shot"].meta == {"toolset_name": "computer"}, tools["shot"]

    echo = await client.call_tool("echo", {"text": "hello"})
    assert (echo.is_error, echo.content[0].text) == (False, "hello"), echo
    for tool, words in [("refuse", "/nowhere"), ("fault", "disk is full"), ("panic", "fault"), ("none", "no tool")]:
        failed = await client.call_tool(tool, {})
        assert failed.is_error and words in failed.content[0].text, failed

    shot = await client.call_tool("shot", {})
    assert (shot.content[1].type, shot.content[1].mime_type) == ("image", "image/png"), shot
    command = await client.call_tool("command", {})
    assert command.meta["dev.handspike/details"]["cwd"] == "/workspace", command

    seen = []

    async def on_progress(progress: float, total: float | None, message: str | None) -> None:
        seen.append((progress, message))

    nap = await client.call_tool("nap", {"seconds": 4.5}, progress_callback=on_progress)
    assert nap.content[0].text == "rested", nap
    assert [message for _, message in seen] == ["the nap begins", "running for 2 s", "running for 4 s"], seen
    assert sorted(seen) == seen and seen[-1][0] >= 4, seen

    # Giving up cancels the call, and the next one of its lane does not wait for the hour that it wanted.
    started = time.monotonic()
    try:
        await client.call_tool("nap", {"seconds": 3600}, read_timeout_seconds=1)
    except MCPError:
        pass
    else:
        raise AssertionError("an hour went by")
    nap = await client.call_tool("nap", {"seconds": 0.1})
    assert nap.content[0].text == "rested", nap
    assert time.monotonic() - started < 10

    many = []

    async def one(number: int) -> None:
        many.append((await client.call_tool("echo", {"text": str(number)})).content[0].text)

    async with anyio.create_task_group() as group:
        for number in range(20):
            group.start_soon(one, number)
    assert sorted(many, key=int) == [str(number) for number in range(20)], many
    print("good")


async def main() -> None:
    mode, transport, target = sys.argv[1:4]
    if transport == "stdio":
        async with Client(StdioServerParameters(command=target, args=["stdio"]), mode=mode) as client:
            await drive(client)
    else:
        headers = {"authorization": f"Bearer {sys.argv[4]}"}
        async with httpx2.AsyncClient(headers=headers, timeout=30, trust_env=False) as http:
            async with Client(streamable_http_client(target, http_client=http), mode=mode) as client:
                await drive(client)


anyio.run(main)
