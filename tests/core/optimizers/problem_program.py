"""Reads the text of a problem as an LLM would, and runs it: #Code on #Variables and #Inputs must give #Outputs."""

import ast
import math
import re

from trace_core.rendering import SECTIONS, identifier, literal

_HEADING = re.compile(rf"#({'|'.join((*SECTIONS, 'Examples'))})(?: (\d+)(?:-(\d+))?)?")
_FENCED = re.compile(r"^([^\n]+)\n(`{3,})(?:python)?\n(.*?)\n\2$", re.MULTILINE | re.DOTALL)


def sections(text):
    """The sections as (name, first example, last example, body), also those that an entry of #Examples stands for."""
    found = []
    for line in text.split("\n"):
        heading = _HEADING.fullmatch(line)
        if heading:
            first = int(heading[2] or 1)
            found.append((heading[1], first, int(heading[3] or (first if heading[2] else 10**9)), []))
        else:
            found[-1][3].append(line)
    whole = [(name, first, last, "\n".join(body).rstrip("\n")) for name, first, last, body in found]
    codes = [section for section in whole if section[0] == "Code"]
    parts = (_entries(section[3], codes) if section[0] == "Examples" else [section] for section in whole)
    return [section for several in parts for section in several]


def _entries(body, codes):
    """The sections that the entries of #Examples stand for; what the code assigns is of #Others."""
    for entry in re.split(r"\n(?=\d+\. )", body):
        number, _, text = entry.partition(". ")
        example = int(number)
        values, _, feedback = re.sub(r"\n {3}", "\n", "\n" + text).partition("\nfeedback: ")
        read, outputs = _at_the_arrow(values.strip("\n").replace("<builtins.generator>", "'generator'"))
        code = next((code for _, first, last, code in codes if first <= example <= last), "")
        made = set(assigned(code))
        lines = {statement: ast.unparse(statement) for statement in ast.parse(read).body}
        others = [line for statement, line in lines.items() if statement.targets[0].id in made]
        inputs = [line for statement, line in lines.items() if statement.targets[0].id not in made]
        for name, what in (("Inputs", "\n".join(inputs)), ("Others", "\n".join(others)), ("Outputs", outputs)):
            yield name, example, example, what
        yield "Feedback", example, example, feedback


def _at_the_arrow(values):
    """What stands before and after the `->` that no value holds."""
    for arrow in re.finditer(r"(?:^|\s)-> ", values):
        before, after = values[: arrow.start()], values[arrow.end() :]
        try:
            ast.parse(before), ast.parse(after)
        except SyntaxError:
            continue
        return before, after
    raise AssertionError(f"no outputs in {values!r}")


def about(text, name, example):
    """The body of the section of that name which is about the example, or ''."""
    return next((body for n, first, last, body in sections(text) if n == name and first <= example <= last), "")


def assigned(body):
    """The names that a section assigns, in order."""
    return [statement.targets[0].id for statement in ast.parse(body).body]


def run(text, functions, example=1):
    """Run one example; gives the namespace after it."""
    namespace = {"math": math, **functions}
    variables = about(text, "Variables", example)
    for name, _, value in _FENCED.findall(variables):
        given, _, in_code = name.partition("  # ")
        namespace[in_code.removesuffix(" in the code") or identifier(given)] = value
    exec(_FENCED.sub("", variables), namespace)
    exec(about(text, "Inputs", example), namespace)
    code = about(text, "Code", example)
    names = assigned(code)
    assert len(names) == len(set(names)), "a name is assigned twice"
    assert not set(names) & set(namespace), "an operation takes the name of an input or a function"
    exec(code, namespace)
    return namespace


def check(text, functions, example=1):
    """Running the example gives what #Others and #Outputs say."""
    namespace = run(text, functions, example)
    for section in ("Others", "Outputs"):
        for statement in ast.parse(about(text, section, example).replace("<builtins.generator>", "'generator'")).body:
            shown = {}
            exec(compile(ast.Module([statement], []), "shown", "exec"), {"float": float}, shown)
            ((name, value),) = shown.items()
            if value != "generator":
                assert literal(namespace[name]) == literal(value), (name, section)
