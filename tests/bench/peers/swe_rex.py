"""SWE-ReX's local runtime: `echo hello` in its persistent session. It needs no container here, which is in its favour."""
import asyncio
import json
import statistics
import time

from swerex.runtime.abstract import BashAction, CreateBashSessionRequest
from swerex.runtime.local import LocalRuntime


async def main():
    runtime = LocalRuntime()
    await runtime.create_session(CreateBashSessionRequest(startup_timeout=20))
    times = []
    for _ in range(20):
        start = time.perf_counter()
        answer = await runtime.run_in_session(BashAction(command="echo hello"))
        times.append(time.perf_counter() - start)
        assert answer.output.strip() == "hello", answer
    await runtime.close()
    print(json.dumps({"echo": statistics.median(times) * 1000}))


asyncio.run(main())
