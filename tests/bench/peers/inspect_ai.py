"""Inspect's local sandbox: its tool `bash`, which starts a shell per call, or, given a folder of files, the
program that its `text_editor` runs in a sandbox, once per call. No container, and a home without a profile, which is in its favour."""
import asyncio
import importlib.resources
import json
import pathlib
import statistics
import sys
import tarfile
import tempfile
import time

from inspect_ai.util._sandbox.local import LocalSandboxEnvironment

folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else None
sandbox = LocalSandboxEnvironment()


async def timed(count, command, **given):
    times = []
    for round in range(count):
        start = time.perf_counter()
        answer = await sandbox.exec(command, concurrency=False, **{key: value(round) for key, value in given.items()})
        times.append(time.perf_counter() - start)
        assert answer.success and '"error"' not in answer.stdout, answer
    return statistics.median(times) * 1000


def request(path, **params):
    params = {"path": str(path), **params}
    return json.dumps({"jsonrpc": "2.0", "method": "text_editor", "id": 1, "params": params})


async def edit(tools):
    packed = next((importlib.resources.files("inspect_ai") / "binaries").glob("inspect-sandbox-tools-amd64-*"))
    with tarfile.open(packed) as archive:
        archive.extractall(tools)
    editor = [f"{tools}/inspect-sandbox-tools", "exec"]
    result = {}
    for size, count in [("10 kB", 7), ("1 MB", 7), ("100 MB", 3)]:
        path = folder / size.replace(" ", "")

        def replace(round):
            return request(path, command="str_replace", old_str=f"<mark {round}>", new_str=f"<mark {round + 1}>")

        result[f"str_replace {size}"] = await timed(count, editor, input=replace)
    result["view 1 MB"] = await timed(7, editor, input=lambda _: request(folder / "1MB", command="view"))
    return result


async def main(tools):
    if folder:
        return await edit(tools)
    return {"echo": await timed(20, ["bash", "--login", "-c", "echo hello"], env=lambda _: {"HOME": tools})}


with tempfile.TemporaryDirectory() as tools:
    print(json.dumps(asyncio.run(main(tools))))
