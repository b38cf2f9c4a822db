"""How fast published sets are audited and outputs scored.

python benchmarks/published.py SET [SET ...] [--repeat 5]        (a SET is NAME:PATH[#SUBSET], as for rungwise audit)

In one process, in CPU seconds: items read, solved by two roads and judged a second; and completions of 2 kB scored a
second by our rule and by the set's own. Of the repeats the fastest, the middle and the slowest are printed.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial

from rungwise.audit.run import audit
from rungwise.suites.published import open_set
from rungwise.suites.published.item import PublishedItem, refuse

LENGTH = 2048
THOUGHT = "The effect runs along the path, so the rows are weighed by how frequent they are: 0.4 * 0.7 = 0.28. "


def rates(work: Callable[[], int], repeat: int) -> str:
    """Units a second of ``work``, which returns how many it did; once before it counts, for caches and imports."""
    work()
    found = []
    for _ in range(repeat):
        start = time.process_time()
        done = work()
        found.append(done / (time.process_time() - start))
    found.sort()
    return f"{found[-1]:8,.0f} {found[len(found) // 2]:8,.0f} {found[0]:8,.0f}"


def judge_labels(spec: str) -> int:
    return len(audit(spec, workers=1).judged)


def judge(rule: Callable[[str, PublishedItem], object], texts: list[str], items: list[PublishedItem]) -> int:
    for text, item in zip(texts, items, strict=True):
        rule(text, item)
    return len(texts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="+")
    parser.add_argument("--repeat", type=int, default=5)
    given = parser.parse_args()
    print(f"{'a second (fastest, middle, slowest)':40}")
    for spec in given.sets:
        chosen, items = open_set(spec, refuse)
        labelled = [item for item in items if item.label is not None]
        texts = [(THOUGHT * 30)[:LENGTH] + chosen.write(item, item.label) for item in labelled if item.label]
        print(spec)
        print(f"  {'audited':20} {rates(partial(judge_labels, spec), given.repeat)}")
        for name, rule in (("strict", chosen.strict), ("official", chosen.official)):
            print(f"  {'scored, ' + name:20} {rates(partial(judge, rule, texts, labelled), given.repeat)}")


if __name__ == "__main__":
    main()
