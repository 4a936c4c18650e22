"""Random workflows: the same `shape` seed gives the same operations, `values` seeds what flows through them."""
# ruff: noqa: RUF005 - `node + [value]` is an operation, unpacking is several

from random import Random

from trace_core import bundle, node, template

WORDS = ["a", "it's", 'say "hi"', "two\nlines", "\n\n", "", "tab\tend\r\n", "é\u2028x", "```\ncode", "{0} {x}", "\\n"]


@bundle
def scale(x, factor=2, *more, shift=0):
    """Scale and shift."""
    return (x * factor + sum(more) + shift) % 1_000_003


@bundle
def gather(parts, table):
    return f"{parts}|{sorted(table.items())}"


@bundle
def longest(texts):
    return max(texts, key=len)


@bundle
def pieces(text):
    yield len(text)
    yield text[:1]


@bundle
def pair(a, /, b, **more):
    return [a, b, *more.values()]


FUNCTIONS = {each.name: each.function for each in (scale, gather, longest, pair)} | {
    "pieces": lambda text: list(pieces.function(text)),
    "item": lambda generated, index: generated[index],
}


class Workflow:
    """Pools of numbers, texts and lists that operations draw from and add to."""

    def __init__(self, shape, values, parameters, size):
        self.shape, self.values = Random(shape), Random(values)
        self.parameters = parameters
        self.numbers = [p for p in parameters if type(p.data) is int]
        self.texts = [p for p in parameters if type(p.data) is str]
        self.lists = [p for p in parameters if type(p.data) is list]
        self.made = []
        for _ in range(size):
            made = self.shape.choice([self.number, self.number, self.text, self.listing])()
            self.made.append(made)

    def some_number(self):
        kind = self.shape.random()
        if kind < 0.2:
            return self.values.choice([-7, 0, 3, 10**12, -1])
        if kind < 0.25:
            return node(self.values.randint(-9, 9), name=self.shape.choice(["size", "add0", "float", "scale", "p0"]))
        return self.recent(self.numbers)

    def some_text(self):
        kind = self.shape.random()
        if kind < 0.2:
            return self.values.choice(WORDS)
        return node(self.values.choice(WORDS)) if kind < 0.25 else self.recent(self.texts)

    def recent(self, pool):
        """One of the pool: often a parameter or what depends on one, more often a recent one than an old one."""
        if self.shape.random() < 0.7:
            pool = [each for each in pool if each.depends]
        return pool[-1 - min(int(self.shape.expovariate(0.3)), len(pool) - 1)]

    def number(self):
        n, m, t = self.some_number, self.some_number, self.some_text
        made = self.shape.choice(
            [
                lambda: (node(n()) + m()) % 1009,
                lambda: n() - node(m()),
                lambda: (node(n()) * m()) % 1009,
                lambda: (lambda x: (x * x) % 97)(node(n())),
                lambda: -node(n()),
                lambda: node(self.values.choice([-3, 2])) ** (node(n()) & 3),
                lambda: node(self.values.choice([-3, 2])).call("__add__", node(n())),
                lambda: abs(node(n())),
                lambda: ~node(n()) & 255 | node(m()) & 7 ^ 2,
                lambda: round(node(n()) / 7, 2),
                lambda: divmod(node(n()), 5)[self.shape.randint(0, 1)],
                lambda: pow(node(n()) & 15, 3, 7),
                lambda: (node(n()) < m()) + 0,
                lambda: 100 // (abs(node(n())) + 1),
                lambda: node(t()).count("a"),
                lambda: scale(n(), m(), *[n() for _ in range(self.shape.randint(0, 2))], shift=m()),
                lambda: scale(n()),
                lambda: next(pieces(t())),
            ]
        )()
        self.numbers.append(made if type(made.data) is int else made.call("__floor__"))
        return self.numbers[-1]

    def text(self):
        n, t = self.some_number, self.some_text
        made = self.shape.choice(
            [
                lambda: (node(t()) + t())[:60],
                lambda: node(t())[::-1],
                lambda: node(t())[:9].upper(),
                lambda: node(t()).replace("a", "bb").strip()[:50],
                lambda: template("{a}: {b!r}", a=t(), b=n())[:70],
                lambda: gather([n(), (t(), n())], {"k": n(), "it's {0}": {"deep": [t()]}})[-40:],
                lambda: longest([t(), t(), t()]),
                lambda: node("-").join([t(), "x", t()])[:50],
                lambda: list(pieces(t()))[1],
            ]
        )()
        self.texts.append(made)
        return made

    def listing(self):
        n, t = self.some_number, self.some_text
        made = self.shape.choice(
            [
                lambda: node(self.recent(self.lists)) + [n(), -1],
                lambda: pair(n(), t(), extra=n()),
                lambda: node([t(), [n()], {"k": (n(),)}]) + [],
                lambda: node(self.recent(self.lists))[::-1],
                lambda: node(t()).split("a"),
            ]
        )()
        self.lists.append(made[:8])
        return self.lists[-1]

    def outputs(self, at_most):
        """Some of what was made, and now and then a list of all of it."""
        chosen = self.shape.sample(self.made, min(len(self.made), self.shape.randint(1, at_most)))
        return [node(self.made), *chosen] if self.shape.random() < 0.3 else chosen


def random_parameters(random):
    """Parameters of each kind, some of them only there to be left alone."""
    made = [
        node(random.randint(-50, 50), trainable=True, name="p0"),
        node(random.choice([-1, 0, 7]), trainable=True, name=random.choice(["abs", "scale", "a.b", "class", "p.0"])),
        node(random.choice(WORDS), trainable=True, name=random.choice(["prompt", "support.prompt", "longest", "set"])),
        node(random.choice(WORDS), trainable=True, name="a_b"),
        node([random.randint(-5, 5), "x"], trainable=True, name="values"),
    ]
    return made, [node(1, trainable=True, name="lonely0"), node("alone", trainable=True, name="lonely1")]


def reset_some(random, parameters):
    """Give some parameters new values, as a step would."""
    for parameter in parameters:
        if random.random() < 0.4:
            new = {int: random.randint(-50, 50), str: random.choice(WORDS), list: [random.randint(0, 9)]}
            parameter.set(new[type(parameter.data)])


def behind(outputs, wanted):
    """The operations that an optimizer should see, found in the plainest way."""
    seen, order = {}, []

    def depends(each):  # iteratively: parents have smaller ids
        stack = [each]
        while stack:
            top = stack[-1]
            if top.id in seen:
                stack.pop()
                continue
            missing = [parent for parent in top.parents if parent.id not in seen]
            if missing:
                stack += missing
                continue
            seen[top.id] = top.id in wanted or any(seen[parent.id] for parent in top.parents)
            if seen[top.id] and top.parents:
                order.append(top)
            stack.pop()

    for output in outputs:
        depends(output)
    return order
