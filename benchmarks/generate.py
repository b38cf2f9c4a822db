"""How fast problems are made: the base suite's, over the seven tasks, with natural text. One process.

python benchmarks/generate.py [NUMBER]
"""

from __future__ import annotations

import sys
import time

from rungwise.problems.problem import TASKS
from rungwise.problems.sampler import Recipe, sample_problem
from rungwise.problems.streams import stream
from rungwise.wording import natural


def main() -> None:
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    recipe = Recipe()
    start, characters = time.process_time(), 0
    for i in range(number):
        name = TASKS[i % len(TASKS)]
        problem = sample_problem(name, recipe, stream("benchmark", name, i))
        characters += len(natural.text(problem))
    seconds = time.process_time() - start
    print(f"{number} items, {characters} characters in {seconds:.2f} s of CPU time: {number / seconds:.0f} items/s")


if __name__ == "__main__":
    main()
