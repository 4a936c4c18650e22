"""Fourteen small functions with one planted bug each: the data of the debugging benchmark.

They were written for this project, before any optimizer was tuned on them. A task is solved when a repaired function
passes its `checks` and its `held_out` pairs; whoever repairs it sees only the source and the checks. The first tasks
need a change within one line, the later ones a change in two places, of the order, or of the algorithm.
"""

from dataclasses import dataclass
from typing import Any

Check = tuple[tuple[Any, ...], Any]
"""The positional arguments of one call, and the value it must return."""


@dataclass(frozen=True)
class Task:
    """A function with a bug.

    `source` is the text of the def, whose docstring states the right behaviour; `checks` are calls with their expected
    results, of which the source fails at least one; `held_out` are further ones that nobody is shown; `fixed_source`
    is a right version, which only the test of this file uses.
    """

    name: str
    source: str
    checks: tuple[Check, ...]
    held_out: tuple[Check, ...]
    fixed_source: str


TASKS: tuple[Task, ...] = (
    Task(
        name="record_days",
        source='''\
def record_days(prices):
    """Return how many prices are strictly higher than every price before them; the first price never counts."""
    if not prices:
        return 0
    best = prices[0]
    records = 0
    for price in prices[1:]:
        if price >= best:
            best = price
            records += 1
    return records
''',
        checks=(
            (([3, 5, 4, 6],), 2),
            (([7, 7, 7],), 0),
            (([],), 0),
        ),
        held_out=(
            (([1],), 0),
            (([2, 4, 4, 5, 5],), 2),
            (([9, 3, 8],), 0),
            (([-5, -4, -4, 0],), 2),
        ),
        fixed_source='''\
def record_days(prices):
    """Return how many prices are strictly higher than every price before them; the first price never counts."""
    if not prices:
        return 0
    best = prices[0]
    records = 0
    for price in prices[1:]:
        if price > best:
            best = price
            records += 1
    return records
''',
    ),
    Task(
        name="shared_minutes",
        source='''\
def shared_minutes(first, second):
    """Return how long two meetings, each [start, end] in minutes, run at the same time; 0 if they do not."""
    start = min(first[0], second[0])
    end = min(first[1], second[1])
    return max(0, end - start)
''',
        checks=(
            (([0, 60], [30, 90]), 30),
            (([10, 50], [10, 40]), 30),
            (([0, 10], [20, 30]), 0),
        ),
        held_out=(
            (([30, 90], [0, 60]), 30),
            (([0, 100], [40, 45]), 5),
            (([5, 10], [10, 15]), 0),
            (([7, 9], [7, 9]), 2),
        ),
        fixed_source='''\
def shared_minutes(first, second):
    """Return how long two meetings, each [start, end] in minutes, run at the same time; 0 if they do not."""
    start = max(first[0], second[0])
    end = min(first[1], second[1])
    return max(0, end - start)
''',
    ),
    Task(
        name="steepest_rise",
        source='''\
def steepest_rise(levels):
    """Return the largest change from one level to the next, a fall being negative; None for fewer than two levels."""
    if len(levels) < 2:
        return None
    largest = 0
    for index in range(1, len(levels)):
        change = levels[index] - levels[index - 1]
        if change > largest:
            largest = change
    return largest
''',
        checks=(
            (([1, 4, 6],), 3),
            (([9, 7, 2],), -2),
            (([5],), None),
        ),
        held_out=(
            (([],), None),
            (([10, 0],), -10),
            (([3, 3, 1],), 0),
            (([8, 5, 4, 2],), -1),
            (([0, -5, 20],), 25),
        ),
        fixed_source='''\
def steepest_rise(levels):
    """Return the largest change from one level to the next, a fall being negative; None for fewer than two levels."""
    if len(levels) < 2:
        return None
    largest = levels[1] - levels[0]
    for index in range(1, len(levels)):
        change = levels[index] - levels[index - 1]
        if change > largest:
            largest = change
    return largest
''',
    ),
    Task(
        name="parking_fee",
        source='''\
def parking_fee(minutes):
    """Return the fee: the first 30 minutes are free, then 2 for each hour begun beyond them, 14 at most."""
    if minutes <= 30:
        return 0
    hours = (minutes - 30) // 60
    return min(14, 2 * hours)
''',
        checks=(
            ((20,), 0),
            ((31,), 2),
            ((90,), 2),
            ((91,), 4),
        ),
        held_out=(
            ((0,), 0),
            ((30,), 0),
            ((89,), 2),
            ((150,), 4),
            ((390,), 12),
            ((391,), 14),
            ((1000,), 14),
        ),
        fixed_source='''\
def parking_fee(minutes):
    """Return the fee: the first 30 minutes are free, then 2 for each hour begun beyond them, 14 at most."""
    if minutes <= 30:
        return 0
    hours = (minutes - 30 + 59) // 60
    return min(14, 2 * hours)
''',
    ),
    Task(
        name="best_window",
        source='''\
def best_window(values, size):
    """Return where the run of size neighbours with the largest sum starts; the last such run if several, -1 if none."""
    best_start = -1
    best_sum = None
    for start in range(len(values) - size):
        total = sum(values[start:start + size])
        if best_sum is None or total >= best_sum:
            best_start = start
            best_sum = total
    return best_start
''',
        checks=(
            (([5, 1, 1, 1], 2), 0),
            (([1, 2, 9, 9], 2), 2),
            (([4], 3), -1),
        ),
        held_out=(
            (([7], 1), 0),
            (([3, 3, 3], 3), 0),
            (([2, 2, 2, 2], 2), 2),
            (([-1, -5, -2], 1), 0),
            (([], 1), -1),
        ),
        fixed_source='''\
def best_window(values, size):
    """Return where the run of size neighbours with the largest sum starts; the last such run if several, -1 if none."""
    best_start = -1
    best_sum = None
    for start in range(len(values) - size + 1):
        total = sum(values[start:start + size])
        if best_sum is None or total >= best_sum:
            best_start = start
            best_sum = total
    return best_start
''',
    ),
    Task(
        name="shorten",
        source='''\
def shorten(text, width):
    """Return text if it has at most width characters; else its first words, as many as fit with the final '...'."""
    if len(text) <= width:
        return text
    kept = ""
    for word in text.split():
        longer = kept + " " + word if kept else word
        if len(longer) > width:
            break
        kept = longer
    return kept + "..."
''',
        checks=(
            (("red green blue", 20), "red green blue"),
            (("red green blue", 12), "red green..."),
            (("red green blue", 11), "red..."),
        ),
        held_out=(
            (("one two three four", 13), "one two..."),
            (("one two three four", 16), "one two three..."),
            (("one two three four", 15), "one two..."),
            (("wonderful", 5), "..."),
            (("", 3), ""),
        ),
        fixed_source='''\
def shorten(text, width):
    """Return text if it has at most width characters; else its first words, as many as fit with the final '...'."""
    if len(text) <= width:
        return text
    kept = ""
    for word in text.split():
        longer = kept + " " + word if kept else word
        if len(longer) + 3 > width:
            break
        kept = longer
    return kept + "..."
''',
    ),
    Task(
        name="split_units",
        source='''\
def split_units(amount, sizes):
    """Split amount of the smallest unit: sizes[0] of them make one of the next unit, sizes[1] of those the next.

    Return the count of every unit, the largest unit first; it may exceed any size.
    """
    counts = []
    for size in sizes:
        amount = amount // size
        counts.append(amount % size)
    counts.append(amount)
    return counts[::-1]
''',
        checks=(
            ((3661, [60, 60]), [1, 1, 1]),
            ((59, [60]), [0, 59]),
            ((0, [10, 10]), [0, 0, 0]),
        ),
        held_out=(
            ((90061, [60, 60, 24]), [1, 1, 1, 1]),
            ((100, []), [100]),
            ((37, [12, 3]), [1, 0, 1]),
            ((500, [7]), [71, 3]),
        ),
        fixed_source='''\
def split_units(amount, sizes):
    """Split amount of the smallest unit: sizes[0] of them make one of the next unit, sizes[1] of those the next.

    Return the count of every unit, the largest unit first; it may exceed any size.
    """
    counts = []
    for size in sizes:
        counts.append(amount % size)
        amount = amount // size
    counts.append(amount)
    return counts[::-1]
''',
    ),
    Task(
        name="merge_bookings",
        source='''\
def merge_bookings(bookings, pause):
    """Join bookings [start, end] between which there are at most pause minutes; return them sorted by start."""
    merged = []
    for start, end in sorted(bookings):
        if merged and start - merged[-1][1] <= pause:
            merged[-1] = [merged[-1][0], end]
        else:
            merged.append([start, end])
    return merged
''',
        checks=(
            (([[50, 60], [10, 20], [25, 30]], 5), [[10, 30], [50, 60]]),
            (([[10, 90], [20, 30]], 0), [[10, 90]]),
            (([], 5), []),
        ),
        held_out=(
            (([[1, 2], [4, 5]], 1), [[1, 2], [4, 5]]),
            (([[1, 2], [4, 5]], 2), [[1, 5]]),
            (([[0, 100], [10, 20], [30, 40], [105, 110]], 5), [[0, 110]]),
            (([[5, 6], [5, 9], [5, 7]], 0), [[5, 9]]),
        ),
        fixed_source='''\
def merge_bookings(bookings, pause):
    """Join bookings [start, end] between which there are at most pause minutes; return them sorted by start."""
    merged = []
    for start, end in sorted(bookings):
        if merged and start - merged[-1][1] <= pause:
            merged[-1] = [merged[-1][0], max(merged[-1][1], end)]
        else:
            merged.append([start, end])
    return merged
''',
    ),
    Task(
        name="runner_up",
        source='''\
def runner_up(scores):
    """Return the second highest of the different scores, or None when there are fewer than two different ones."""
    first = None
    second = None
    for score in scores:
        if first is None or score > first:
            first = score
        elif score != first and (second is None or score > second):
            second = score
    return second
''',
        checks=(
            (([9, 4, 7],), 7),
            (([3, 8, 5, 9],), 8),
            (([6, 6],), None),
        ),
        held_out=(
            (([1, 2],), 1),
            (([5, 5, 6],), 5),
            (([-3, -1, -2],), -2),
            (([],), None),
            (([4, 9, 9, 9],), 4),
        ),
        fixed_source='''\
def runner_up(scores):
    """Return the second highest of the different scores, or None when there are fewer than two different ones."""
    first = None
    second = None
    for score in scores:
        if first is None or score > first:
            second = first
            first = score
        elif score != first and (second is None or score > second):
            second = score
    return second
''',
    ),
    Task(
        name="open_day",
        source='''\
def open_day(day, steps, closed):
    """Return the weekday (0 to 6) that is steps open days after day; weekdays in closed are passed over uncounted."""
    while steps > 0:
        if day not in closed:
            steps -= 1
        day = (day + 1) % 7
    return day
''',
        checks=(
            ((0, 2, []), 2),
            ((4, 1, [5, 6]), 0),
            ((3, 2, [5, 6]), 0),
            ((2, 0, []), 2),
        ),
        held_out=(
            ((5, 1, [5, 6]), 0),
            ((0, 6, [5, 6]), 1),
            ((6, 3, [0, 2]), 4),
            ((1, 1, [2, 3, 4, 5, 6, 0]), 1),
            ((6, 8, []), 0),
        ),
        fixed_source='''\
def open_day(day, steps, closed):
    """Return the weekday (0 to 6) that is steps open days after day; weekdays in closed are passed over uncounted."""
    while steps > 0:
        day = (day + 1) % 7
        if day not in closed:
            steps -= 1
    return day
''',
    ),
    Task(
        name="turn_left",
        source='''\
def turn_left(rows):
    """Return the table, a list of equally long rows, turned by a quarter to the left: its last column on top."""
    if not rows:
        return []
    turned = []
    for column in range(len(rows[0])):
        turned.append([row[column] for row in rows[::-1]])
    return turned
''',
        checks=(
            (([[1, 2], [3, 4]],), [[2, 4], [1, 3]]),
            (([[1, 2, 3]],), [[3], [2], [1]]),
            (([],), []),
        ),
        held_out=(
            (([[7]],), [[7]]),
            (([[1], [2], [3]],), [[1, 2, 3]]),
            (([[1, 2, 3], [4, 5, 6]],), [[3, 6], [2, 5], [1, 4]]),
        ),
        fixed_source='''\
def turn_left(rows):
    """Return the table, a list of equally long rows, turned by a quarter to the left: its last column on top."""
    if not rows:
        return []
    turned = []
    for column in range(len(rows[0]) - 1, -1, -1):
        turned.append([row[column] for row in rows])
    return turned
''',
    ),
    Task(
        name="squeeze",
        source='''\
def squeeze(text):
    """Replace every run of three or more equal characters by the character and the run's length; keep shorter runs."""
    squeezed = ""
    run = ""
    for character in text:
        if run and character != run[0]:
            squeezed += run[0] + str(len(run)) if len(run) > 2 else run
            run = ""
        run += character
    return squeezed
''',
        checks=(
            (("aaabcc",), "a3bcc"),
            (("abbbb",), "ab4"),
            (("",), ""),
        ),
        held_out=(
            (("x",), "x"),
            (("zz",), "zz"),
            (("--------",), "-8"),
            (("aabbbaaa",), "aab3a3"),
        ),
        fixed_source='''\
def squeeze(text):
    """Replace every run of three or more equal characters by the character and the run's length; keep shorter runs."""
    squeezed = ""
    run = ""
    for character in text:
        if run and character != run[0]:
            squeezed += run[0] + str(len(run)) if len(run) > 2 else run
            run = ""
        run += character
    if len(run) > 2:
        run = run[0] + str(len(run))
    return squeezed + run
''',
    ),
    Task(
        name="finish_time",
        source='''\
def finish_time(job, minutes, needs):
    """Return when job is done if each job starts as soon as all that it needs are done, any number side by side.

    minutes maps a job to how long it takes, needs maps some jobs to the list of jobs they wait for.
    """
    start = 0
    for other in needs.get(job, []):
        start += finish_time(other, minutes, needs)
    return start + minutes[job]
''',
        checks=(
            (("b", {"a": 5, "b": 2}, {"b": ["a"]}), 7),
            (("c", {"a": 5, "b": 8, "c": 1}, {"c": ["a", "b"]}), 9),
        ),
        held_out=(
            (("a", {"a": 5}, {}), 5),
            (("c", {"a": 9, "b": 8, "c": 1}, {"c": ["a", "b"]}), 10),
            (("d", {"a": 3, "b": 4, "c": 6, "d": 1}, {"b": ["a"], "c": ["a"], "d": ["b", "c"]}), 10),
            (("b", {"a": 3, "b": 2}, {"b": []}), 2),
        ),
        fixed_source='''\
def finish_time(job, minutes, needs):
    """Return when job is done if each job starts as soon as all that it needs are done, any number side by side.

    minutes maps a job to how long it takes, needs maps some jobs to the list of jobs they wait for.
    """
    start = 0
    for other in needs.get(job, []):
        start = max(start, finish_time(other, minutes, needs))
    return start + minutes[job]
''',
    ),
    Task(
        name="fewest_stamps",
        source='''\
def fewest_stamps(postage, values):
    """Return the least number of stamps, of the given values and any number of each, that make up postage exactly.

    Return -1 if no choice of stamps does.
    """
    count = 0
    for value in sorted(values, reverse=True):
        count += postage // value
        postage = postage % value
    return count if postage == 0 else -1
''',
        checks=(
            ((12, [5, 1]), 4),
            ((6, [1, 3, 4]), 2),
            ((8, [5, 4]), 2),
            ((3, [2]), -1),
        ),
        held_out=(
            ((0, [5]), 0),
            ((15, [1, 5, 12]), 3),
            ((7, [5, 4]), -1),
            ((30, [1, 10, 25]), 3),
            ((11, [3, 4]), 3),
        ),
        fixed_source='''\
def fewest_stamps(postage, values):
    """Return the least number of stamps, of the given values and any number of each, that make up postage exactly.

    Return -1 if no choice of stamps does.
    """
    fewest = [0] + [-1] * postage
    for total in range(1, postage + 1):
        for value in values:
            if value <= total and fewest[total - value] >= 0:
                count = fewest[total - value] + 1
                if fewest[total] < 0 or count < fewest[total]:
                    fewest[total] = count
    return fewest[postage]
''',
    ),
)
"""All tasks, from the easiest to the hardest kind."""
