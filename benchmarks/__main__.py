"""`python -m benchmarks [names...] [--quick]`: the figures to reach, beside baselines of the same run.

Each benchmark runs in a process of its own. The exit code is 1 when a result is wrong, such as a lost song;
speed never decides it.
"""

import argparse
import multiprocessing
import os
import platform
import sys
import time
from concurrent.futures import ProcessPoolExecutor

from benchmarks.catalogue import BENCHMARKS, LEFT_OUT, perform


def main(arguments: list[str] | None = None) -> int:
    """Run the named benchmarks, or all, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(BENCHMARKS))
    parser.add_argument("--quick", action="store_true", help="small numbers, under 20 s each")
    chosen = parser.parse_args(arguments)
    unknown = [name for name in chosen.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"no such benchmark: {', '.join(unknown)} (there are: {', '.join(BENCHMARKS)})")
    print(f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}", flush=True)
    names = chosen.names or [name for name in BENCHMARKS if name not in LEFT_OUT]
    wrong = [sentence for name in names for sentence in _shown(name, chosen.quick)]
    return 1 if wrong else 0


def _shown(name: str, quick: bool) -> list[str]:  # noqa: FBT001 - as `perform`, to which it is passed
    """Run one benchmark in a process of its own, print its report, and return what is wrong."""
    started_s = time.monotonic()
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as pool:
        report = pool.submit(perform, name, quick).result()
    print(*report.lines(), f"   took {time.monotonic() - started_s:.1f} s", "", sep="\n", flush=True)
    return report.wrong


if __name__ == "__main__":
    sys.exit(main())
