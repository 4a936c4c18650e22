"""Twelve further functions with a planted bug, for choosing how the optimizer's question is worded.

What is tried out is tried on these; the tasks of `debugging_tasks.py` are kept apart, for what is chosen in the end.
"""

from benchmarks.debugging_tasks import Task

TASKS: tuple[Task, ...] = (
    Task(
        name="median",
        source='''\
def median(values):
    """Return the middle value of the sorted list; for an even count the mean of the two middle ones."""
    ordered = sorted(values)
    n = len(ordered)
    if n % 2 == 1:
        return ordered[n // 2]
    return (ordered[n // 2] + ordered[n // 2 + 1]) / 2
''',
        checks=((([1, 2, 3],), 2), (([1, 2, 3, 4, 6, 8],), 3.5), (([5, 1],), 3.0)),
        held_out=(),
        fixed_source="",
    ),
    Task(
        name="count_words",
        source='''\
def count_words(text):
    """Return how many words the text has; words are separated by any amount of spaces."""
    return len(text.split(" "))
''',
        checks=((("a b",), 2), (("a  b  c",), 3), (("",), 0)),
        held_out=(),
        fixed_source="",
    ),
    Task(
        name="grade",
        source='''\
def grade(points):
    """90 and more is A, 75 and more is B, 50 and more is C, anything less is F."""
    if points > 90:
        return "A"
    if points > 75:
        return "B"
    if points >= 50:
        return "C"
    return "F"
''',
        checks=(((95,), "A"), ((75,), "B"), ((90,), "A"), ((10,), "F")),
        held_out=(),
        fixed_source="",
    ),
    Task(
        name="running_max",
        source='''\
def running_max(values):
    """Return a list whose item i is the largest of the first i + 1 values."""
    result = []
    largest = 0
    for value in values:
        largest = max(largest, value)
        result.append(largest)
    return result
''',
        checks=((([1, 3, 2],), [1, 3, 3]), (([-3, -5, -1],), [-3, -3, -1])),
        held_out=(),
        fixed_source="",
    ),
    Task(
        name="is_leap",
        source='''\
def is_leap(year):
    """Divisible by 4, but not by 100 unless by 400."""
    return year % 4 == 0 and year % 100 != 0
''',
        checks=(((2004,), True), ((2000,), True), ((1900,), False)),
        held_out=(),
        fixed_source="",
    ),
    Task(
        name="merge",
        source='''\
def merge(a, b):
    """Merge two sorted lists into one sorted list."""
    result = []
    i = j = 0
    while i < len(a) and j < len(b):
        if a[i] <= b[j]:
            result.append(a[i])
            i += 1
        else:
            result.append(b[j])
            j += 1
    return result + a[i:]
''',
        checks=((([1, 4], [2, 3]), [1, 2, 3, 4]), (([1], [2, 3]), [1, 2, 3])),
        held_out=(),
        fixed_source="",
    ),
    Task(
        name="initials",
        source='''\
def initials(name):
    """Return the first letters of all parts of a name in capitals, each followed by a dot."""
    parts = name.split()
    return ".".join(part[0].upper() for part in parts)
''',
        checks=((("ada lovelace",), "A.L."), (("bob",), "B.")),
        held_out=(),
        fixed_source="",
    ),
    Task(
        name="digits_sum",
        source='''\
def digits_sum(number):
    """Return the sum of the decimal digits; the sign does not count."""
    total = 0
    while number > 0:
        total += number % 10
        number //= 10
    return total
''',
        checks=(((123,), 6), ((-45,), 9), ((0,), 0)),
        held_out=(),
        fixed_source="",
    ),
    Task(
        name="second_smallest",
        source='''\
def second_smallest(values):
    """Return the second smallest distinct value, or None if there is none."""
    ordered = sorted(values)
    if len(ordered) < 2:
        return None
    return ordered[1]
''',
        checks=((([3, 1, 2],), 2), (([1, 1, 2],), 2), (([4, 4],), None)),
        held_out=(),
        fixed_source="",
    ),
    Task(
        name="compress",
        source='''\
def compress(text):
    """Run-length encode: 'aab' becomes 'a2b1'."""
    result = ""
    count = 1
    for i in range(1, len(text)):
        if text[i] == text[i - 1]:
            count += 1
        else:
            result += text[i - 1] + str(count)
            count = 1
    return result
''',
        checks=((("aab",), "a2b1"), (("abb",), "a1b2"), (("",), "")),
        held_out=(),
        fixed_source="",
    ),
    Task(
        name="discount",
        source='''\
def discount(price, members, coupon):
    """Members get 10 % off; a coupon takes 5 off after that; the result is never negative."""
    price = price - 5 if coupon else price
    if members:
        price = price * 0.9
    return price
''',
        checks=(((100, True, True), 85.0), ((100, False, False), 100), ((3, False, True), 0)),
        held_out=(),
        fixed_source="",
    ),
    Task(
        name="rotate",
        source='''\
def rotate(items, k):
    """Rotate to the right by k places; k may be larger than the list."""
    if not items:
        return []
    return items[-k:] + items[:-k]
''',
        checks=((([1, 2, 3], 1), [3, 1, 2]), (([1, 2, 3], 4), [3, 1, 2]), (([], 2), []), (([1, 2], 0), [1, 2])),
        held_out=(),
        fixed_source="",
    ),
)
