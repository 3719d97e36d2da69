"""The editor of openhands-aci, called in its own process: no container and no protocol, which is in its favour."""
import json
import logging
import pathlib
import statistics
import sys
import time

from openhands_aci.editor.editor import OHEditor

folder = pathlib.Path(sys.argv[1])
editor = OHEditor()
logging.disable()


def timed(count, call):
    times = []
    for round in range(count):
        start = time.perf_counter()
        call(round)
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1000


result = {}
for size in ["10 kB", "1 MB"]:
    path = str(folder / size.replace(" ", ""))

    def replace(round):
        editor(command="str_replace", path=path, old_str=f"<mark {round}>", new_str=f"<mark {round + 1}>")

    result[f"str_replace {size}"] = timed(20, replace)
    assert "<mark 20>" in pathlib.Path(path).read_text()
result["view 1 MB"] = timed(20, lambda _: editor(command="view", path=str(folder / "1MB")))
print(json.dumps(result))
