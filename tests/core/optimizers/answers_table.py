# ruff: noqa: E501 - rows of a table
"""Answers as LLMs write them, each with what must come of it: the values that are recovered, or why there are none."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

CURRENT = '''def strange_sort(lst):
    """Minimum first, then maximum of the rest, then minimum, and so on."""
    return sorted(lst)'''

FIXED = '''def strange_sort(lst):
    """Minimum first, then maximum of the rest, then minimum, and so on."""
    result, lst = [], sorted(lst)
    while lst:
        result.append(lst.pop(0 if len(result) % 2 == 0 else -1))
    return result'''

WRONG = "def strange_sort(lst):\n    return sorted(lst, reverse=True)"

HELPED = "def strange_sort(lst):\n    return alternate(sorted(lst))"
ROUTED = 'def route(text):\n    return "billing" if "invoice" in text.lower() else "other"'

PROMPT = "Answer the question: {question}\nCite the page that you used."


def indented(text: str, by: str = "    ") -> str:
    return "\n".join(by + line for line in text.splitlines())


def escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


@dataclass(frozen=True)
class Case:
    """One answer to a question about `asked` (a set of variables in test_answer.py)."""

    title: str
    asked: str
    text: str
    values: dict[str, Any] = field(default_factory=dict)
    reason: str = ""
    refused: str = ""  # the name that the reason is for; without one, the whole answer is unusable
    finish_reason: str = "stop"


def recovered(title: str, asked: str, text: str, **values: Any) -> Case:
    return Case(title, asked, text, {name.replace("__", "."): value for name, value in values.items()})


def refused(title: str, asked: str, text: str, name: str, reason: str, **values: Any) -> Case:
    return Case(title, asked, text, values, reason, name)


def unusable(title: str, asked: str, text: str, reason: str, finish_reason: str = "stop") -> Case:
    return Case(title, asked, text, {}, reason, "", finish_reason)


def unchanged(title: str, asked: str, text: str) -> Case:
    return Case(title, asked, text)


JSON_RECOVERED = [
    recovered(
        "plain JSON",
        "settings",
        '{"reasoning": "It repeats itself.", "suggestion": {"temperature": 0.2, "style": null, "retries": null}}',
        temperature=0.2,
    ),
    recovered(
        "JSON in a fence, with chatter around",
        "settings",
        'Sure! Here is the improved configuration:\n\n```json\n{\n  "reasoning": "Users asked for warmth.",\n'
        '  "suggestion": {\n    "style": "friendly"\n  }\n}\n```\n\nLet me know if you need anything else!',
        style="friendly",
    ),
    recovered(
        "JSON inside prose, after a placeholder",
        "settings",
        'Since {question} is short, I suggest {"suggestion": {"retries": 5}} for now.',
        retries=5,
    ),
    recovered(
        "single quotes, True and None",
        "settings",
        "{'reasoning': 'It\\'s slow', 'suggestion': {'stream': True, 'style': None}}",
        stream=True,
    ),
    recovered(
        "an apostrophe inside single quotes",
        "settings",
        "{'reasoning': 'it's too random', 'suggestion': {'temperature': 0.1}}",
        temperature=0.1,
    ),
    recovered(
        "trailing commas and a comment",
        "settings",
        '{"reasoning": "too random", "suggestion": {"temperature": 0.30, // was higher\n "retries": 2,},}',
        temperature=0.3,
        retries=2,
    ),
    recovered(
        "unescaped quotes",
        "prompt",
        '{"reasoning": "tone", "suggestion": {"support.prompt": "Say "please" first: {question}"}}',
        support__prompt='Say "please" first: {question}',
    ),
    recovered("bool as text", "settings", '{"suggestion": {"stream": "False", "cache": "False"}}', cache=False),
    recovered("int as text", "settings", '{"suggestion": {"retries": "2"}}', retries=2),
    recovered("int as a whole float", "settings", '{"suggestion": {"retries": 4.0}}', retries=4),
    recovered(
        "list as JSON text", "settings", '{"suggestion": {"stops": "[\\"END\\", \\"STOP\\"]"}}', stops=["END", "STOP"]
    ),
    recovered("list as Python text", "settings", '{"suggestion": {"stops": "[\'END\']"}}', stops=["END"]),
    recovered(
        "TERMINATE in the reasoning",
        "settings",
        '{"reasoning": "The output is fine now. TERMINATE", "suggestion": {"retries": 7}}',
        retries=7,
    ),
    recovered("the variables at the top", "settings", '{"reasoning": "why", "temperature": 1.5}', temperature=1.5),
    recovered(
        "a name with backticks and spaces", "settings", '{"suggestion": {" `Temperature` ": 0.9}}', temperature=0.9
    ),
    recovered("a value in an object of its own", "settings", '{"suggestion": {"retries": {"value": 6}}}', retries=6),
    recovered("the suggestion as JSON text", "settings", '{"suggestion": "{\\"retries\\": 8}"}', retries=8),
    recovered("the last brace forgotten", "settings", '{"reasoning": "x", "suggestion": {"retries": 9}', retries=9),
    recovered("one brace too many", "settings", '{"suggestion": {"retries": 9}}}', retries=9),
    recovered("a key twice with the same value", "settings", '{"suggestion": {"retries": 9, "retries": 9}}', retries=9),
    recovered(
        "typographic quotes",
        "settings",
        "{“reasoning”: “Users’ wish”, “suggestion”: {“style”: “friendly”}}",
        style="friendly",
    ),
    recovered(
        "full-width punctuation",
        "settings",
        '｛"suggestion"：｛"style"："friendly"，"retries"：2｝｝',
        style="friendly",
        retries=2,
    ),
    recovered(
        "a byte order mark, no-break spaces and zero-width characters",
        "settings",
        '\ufeff{\u00a0"suggestion":\u00a0{"re\u200btries":\u00a02}}',
        retries=2,
    ),
    recovered(
        "thoughts before, and the end mark of a chat template",
        "settings",
        '<think>\nMaybe {"suggestion": {"retries": 1}}? No, 4.\n</think>\n{"suggestion": {"retries": 4}}<|im_end|>',
        retries=4,
    ),
    recovered("the value that may be null", "settings", '{"suggestion": {"greeting": null}}', greeting=None),
    recovered(
        "code in JSON under the name `code`",
        "code",
        f'{{"reasoning": "alternate", "suggestion": {{"code": "{escaped(FIXED)}"}}}}',
        strange_sort__code=FIXED,
    ),
    recovered(
        "code in JSON with raw line breaks and a fence in the string",
        "code",
        '{"suggestion": {"strange_sort_code": "```python\n' + FIXED.replace('"', '\\"') + '\n```"}}',
        strange_sort__code=FIXED,
    ),
    recovered("the suggestion is the code", "code", f'{{"suggestion": "{escaped(FIXED)}"}}', strange_sort__code=FIXED),
    recovered(
        "triple quotes in JSON",
        "prompt",
        f'{{"reasoning": "cite", "suggestion": {{"support.prompt": """{PROMPT}"""}}}}',
        support__prompt=PROMPT,
    ),
]

BLOCKS_RECOVERED = [
    recovered("a lone block", "code", f"```python\n{FIXED}\n```", strange_sort__code=FIXED),
    recovered(
        "prose around the block and an example of use after it",
        "code",
        "The function sorts only. Here is the corrected function:\n\n```python\n"
        f"{FIXED}\n```\n\nYou can test it:\n\n```python\nprint(strange_sort([1, 2, 3, 4]))\n```\n\nOutput:\n```\n[1, 4, 2, 3]\n```",
        strange_sort__code=FIXED,
    ),
    recovered(
        "the old code first",
        "code",
        f"The current code is:\n```python\n{CURRENT}\n```\nCorrected:\n```python\n{FIXED}\n```",
        strange_sort__code=FIXED,
    ),
    recovered(
        "the old code last",
        "code",
        f"```python\n{FIXED}\n```\nIt was:\n```python\n{CURRENT}\n```",
        strange_sort__code=FIXED,
    ),
    recovered(
        "second thoughts: the last function counts",
        "code",
        f"```python\n{WRONG}\n```\nWait, that only reverses the list.\n```python\n{FIXED}\n```",
        strange_sort__code=FIXED,
    ),
    recovered(
        "tildes and Windows line ends",
        "code",
        f"~~~py\r\n{WRONG}\r\n~~~\r\n".replace("t):\n", "t):\r\n"),
        strange_sort__code=WRONG,
    ),
    recovered("no closing fence", "code", f"Here you go:\n```python\n{FIXED}", strange_sort__code=FIXED),
    recovered("a closing fence only", "code", f"{FIXED}\n```", strange_sort__code=FIXED),
    recovered(
        "an indented block", "code", f"1. Fix:\n\n    ```python\n{indented(FIXED)}\n    ```", strange_sort__code=FIXED
    ),
    recovered("indented code in a block", "code", f"```\n{indented(FIXED)}\n```", strange_sort__code=FIXED),
    recovered("no fence at all", "code", FIXED, strange_sort__code=FIXED),
    recovered(
        "prose, then the function without a fence", "code", f"Here's the fix:\n\n{FIXED}\n", strange_sort__code=FIXED
    ),
    recovered(
        "an invalid escape in a string",
        "code",
        '```\ndef strange_sort(lst):\n    return "\\d"\n```',
        strange_sort__code='def strange_sort(lst):\n    return "\\d"',
    ),
    recovered(
        "a longer prompt without a block",
        "prompt",
        "Answer {question} in one word.\n",
        support__prompt="Answer {question} in one word.",
    ),
    recovered("a prompt in a lone block", "prompt", f"```\n{PROMPT}\n```", support__prompt=PROMPT),
    recovered(
        "a prompt in a block of text, with spaces around",
        "prompt",
        f"New prompt:\n\n```text\n\n  {PROMPT}  \n\n```",
        support__prompt=PROMPT,
    ),
    recovered(
        "a prompt with a block inside",
        "prompt",
        "```markdown\n{question}\nAnswer as:\n```json\n[]\n```\nNo more.\n```",
        support__prompt="{question}\nAnswer as:\n```json\n[]\n```\nNo more.",
    ),
    recovered(
        "quotes and a label inside the block are the value",
        "prompt",
        '```\nPrompt: "Answer {question}"\n```',
        support__prompt='Prompt: "Answer {question}"',
    ),
    recovered(
        "a heading above each block",
        "agent",
        f"### support.prompt\n```\n{PROMPT}\n```\n\n**temperature:**\n```\n0.2\n```\n\n`strange_sort.code`\n```python\n{FIXED}\n```",
        support__prompt=PROMPT,
        temperature=0.2,
        strange_sort__code=FIXED,
    ),
    recovered(
        "names in the sentence above, on the fence, and in the code alone",
        "agent",
        f"The new value for `support.prompt` is:\n\n```\n{PROMPT}\n```\n```temperature\n0.2\n```\n\nAnd the fix:\n```python\n{FIXED}\n```",
        support__prompt=PROMPT,
        temperature=0.2,
        strange_sort__code=FIXED,
    ),
    recovered(
        "two functions in one block",
        "functions",
        f"```python\nimport math\n\n{WRONG}\n\n{ROUTED}\n```",
        strange_sort__code=f"import math\n\n{WRONG}",
        route__code=f"import math\n\n\n{ROUTED}",
    ),
    recovered(
        "both functions under the name of one",
        "functions",
        f"strange_sort.code\n```python\n{WRONG}\n\n{ROUTED}\n```",
        strange_sort__code=WRONG,
        route__code=ROUTED,
    ),
    recovered(
        "a number in a line and text in a block",
        "agent",
        f"temperature: 0.5\n\nsupport.prompt:\n```\n{PROMPT}\n```\nstrange_sort.code: unchanged",
        temperature=0.5,
        support__prompt=PROMPT,
    ),
    recovered(
        "XML with the name as an attribute",
        "agent",
        "<reasoning>Too random.</reasoning>\n"
        f'<variable name="temperature">\n<value>\n0.3\n</value>\n</variable>\n<variable name="support.prompt"><value>{PROMPT}</value></variable>',
        temperature=0.3,
        support__prompt=PROMPT,
    ),
    recovered(
        "XML with the name as an element",
        "agent",
        f"<variable>\n<name>strange_sort.code</name>\n<value>\n```python\n{FIXED}\n```\n</value>\n</variable>",
        strange_sort__code=FIXED,
    ),
    recovered(
        "the name as an element", "prompt", f"<support.prompt>\n{PROMPT}\n</support.prompt>", support__prompt=PROMPT
    ),
    recovered(
        "code in an element with a fence", "code", f"<code>\n```python\n{FIXED}\n```\n</code>", strange_sort__code=FIXED
    ),
    recovered(
        "assignments in a block",
        "settings",
        '```python\ntemperature = 0.4\nstyle = "friendly"\n```',
        temperature=0.4,
        style="friendly",
    ),
    recovered(
        "a list of settings",
        "settings",
        "I suggest:\n\n- **retries**: 5\n- `stops`: ['END']\n",
        retries=5,
        stops=["END"],
    ),
]

NOTHING = [
    unchanged(
        "null everywhere",
        "settings",
        '{"reasoning": "It is fine.", "suggestion": {"temperature": null, "retries": null}}',
    ),
    unchanged(
        "the current values", "settings", '{"suggestion": {"temperature": 0.7, "style": "terse", "greeting": "Hello"}}'
    ),
    unchanged("an empty suggestion", "settings", '{"reasoning": "All outputs are right. TERMINATE", "suggestion": {}}'),
    unchanged("null as text", "settings", '{"suggestion": {"temperature": "null", "style": "unchanged"}}'),
    unchanged("the current code with a blank line after it", "code", f"```python\n{CURRENT}\n\n```"),
    unchanged("the current prompt without a block", "prompt", "Answer {question}"),
    unusable("a new prompt without a block", "prompt", "Reply to {question} in one word.", "no block"),
    unusable("nothing", "settings", "", "empty"),
    unusable("blanks", "code", " \n\t\n", "empty"),
    unusable("null", "settings", "null", "no JSON object"),
    unusable("an empty object", "settings", "{}", "names no variable"),
    unusable("an empty block", "code", "```python\n```", "no block"),
    unusable("a refusal", "prompt", "I'm sorry, but I can't assist with that request.", "no block"),
    unusable(
        "prose", "settings", "You should lower the temperature a bit, and perhaps be friendlier.", "no JSON object"
    ),
    unusable("thoughts without an end", "settings", "<think>\nThe temperature is 0.7, so", "thoughts"),
    unusable(
        "an unnamed block for several variables", "agent", "```\nBe kind.\n```", "support.prompt, strange_sort.code"
    ),
    unusable("code in prose that goes on", "code", f"Use this:\n{FIXED}\n\nThis version alternates.", "no block"),
]

CUT_OFF = [
    unusable("a block at the token limit", "code", f"```python\n{FIXED}\n```", "token limit", "length"),
    unusable("JSON at the token limit", "settings", '{"suggestion": {"retries": 2}}', "token limit", "length"),
    unusable(
        "JSON cut in a string",
        "prompt",
        '{"reasoning": "", "suggestion": {"support.prompt": "Answer {question} and',
        "cut off",
    ),
    unusable(
        "JSON cut after a placeholder", "prompt", '{"suggestion": {"support.prompt": "Answer {question}', "cut off"
    ),
    unusable(
        "JSON cut after doubled braces", "prompt", '{"suggestion": {"support.prompt": "Answer {{question}}', "cut off"
    ),
    unusable("JSON cut in a number", "settings", '{"suggestion": {"temperature": 0.2', "cut off"),
    unusable("JSON cut in a list", "settings", '{"suggestion": {"stops": ["END", "ST', "cut off"),
    unusable(
        "JSON cut in a fence", "prompt", '```json\n{"suggestion": {"support.prompt": "Answer {question} wi', "cut off"
    ),
    unusable(
        "an object around code that is cut",
        "code",
        '{"suggestion": {"code": "def strange_sort(lst):\\n    return',
        "cut off",
    ),
    refused(
        "code cut in a block",
        "code",
        "```python\ndef strange_sort(lst):\n    return sorted(",
        "strange_sort.code",
        "compile",
    ),
    unusable("JSON that is not even nearly JSON", "settings", '{"suggestion": => retries <= 2}', "cannot be read"),
    unusable(
        "a string that was not closed", "prompt", '{"suggestion": {"support.prompt": "Answer {question}}}', "cut off"
    ),
]

REFUSED = [
    refused(
        "the question in place of a text",
        "prompt",
        "```\n# Instruction\nChange the variables.\n\n# Variables\nsupport.prompt: {question}\n```",
        "support.prompt",
        "repeats the question",
    ),
    refused(
        "a program in place of a text",
        "prompt",
        '```python\ndef prompt(question):\n    return f"Answer {question}"\n```',
        "support.prompt",
        "is a program",
    ),
    refused(
        "a name that does not exist",
        "settings",
        '{"suggestion": {"temprature": 0.2}}',
        "temprature",
        "temperature, style",
    ),
    refused(
        "one right name and one wrong",
        "settings",
        '{"suggestion": {"retries": 5, "top_p": 1}}',
        "top_p",
        "no variable",
        retries=5,
    ),
    refused(
        "a name that fits two",
        "functions",
        f'{{"suggestion": {{"code": "{escaped(WRONG)}"}}}}',
        "code",
        "strange_sort.code or route.code",
    ),
    refused("out of range", "settings", '{"suggestion": {"temperature": 7}}', "temperature", "less than or equal to 2"),
    refused("wrong type", "settings", '{"suggestion": {"retries": "two"}}', "retries", "integer"),
    refused("no such choice", "settings", '{"suggestion": {"style": "warm"}}', "style", "friendly"),
    refused(
        "a list for text",
        "prompt",
        '{"suggestion": {"support.prompt": ["Answer", "{question}"]}}',
        "support.prompt",
        "string",
    ),
    refused(
        "nested too far",
        "prompt",
        '{"suggestion": {"support.prompt": {"system": {"text": "Hi"}}}}',
        "support.prompt",
        "string",
    ),
    refused("a number that is none", "settings", '{"suggestion": {"temperature": NaN}}', "temperature", "finite"),
    refused("infinity", "settings", '{"suggestion": {"temperature": 1e999}}', "temperature", "finite"),
    refused("infinity in text", "settings", '{"suggestion": {"scale": "Infinity"}}', "scale", "finite"),
    refused("infinity in a list", "settings", '{"suggestion": {"weights": [1, -Infinity]}}', "weights", "finite"),
    refused("a key twice", "settings", '{"suggestion": {"retries": 2, "retries": 5}}', "retries", "twice"),
    refused(
        "a key twice in other words",
        "settings",
        '{"suggestion": {"retries": 2, "Retries": 5}}',
        "retries",
        "more than one",
    ),
    refused(
        "a suggestion twice",
        "settings",
        '{"suggestion": {"retries": 2}, "suggestion": {"retries": 5}}',
        "suggestion",
        "twice",
    ),
    refused(
        "two answers",
        "settings",
        '{"suggestion": {"retries": 2}}\n{"suggestion": {"retries": 5}}',
        "retries",
        "more than one",
    ),
    refused("a suggestion in prose", "settings", '{"suggestion": "lower the temperature"}', "suggestion", "object"),
    refused("a suggestion as a list", "settings", '{"suggestion": [0.2, "terse"]}', "suggestion", "object"),
    refused(
        "a lost placeholder",
        "prompt",
        "```\nAnswer the question and cite the page.\n```",
        "support.prompt",
        "{question}",
    ),
    refused(
        "an invented placeholder", "prompt", "```\nAnswer {question} from {context}\n```", "support.prompt", "context"
    ),
    refused("an empty prompt", "prompt", '{"suggestion": {"support.prompt": "  "}}', "support.prompt", "empty"),
    refused("the placeholder of the instruction", "prompt", "```\n...\n```", "support.prompt", "write it out"),
    refused(
        "two prompts to choose from",
        "prompt",
        "```\nKindly answer {question}\n```\nor\n```\nReply to {question}\n```",
        "support.prompt",
        "more than one",
    ),
    refused(
        "a control character",
        "prompt",
        '{"suggestion": {"support.prompt": "\\u001b[31m{question}"}}',
        "support.prompt",
        "control character",
    ),
    refused(
        "a null byte",
        "prompt",
        '{"suggestion": {"support.prompt": "{question}\\u0000"}}',
        "support.prompt",
        "control character",
    ),
    refused(
        "half a surrogate pair",
        "prompt",
        '{"suggestion": {"support.prompt": "{question} \\ud83d"}}',
        "support.prompt",
        "surrogate",
    ),
    refused(
        "code that does not compile",
        "code",
        "```python\ndef strange_sort(lst)\n    return lst\n```",
        "strange_sort.code",
        "compile",
    ),
    refused(
        "a changed signature",
        "code",
        "```python\ndef strange_sort(lst, key):\n    return lst\n```",
        "strange_sort.code",
        "signature",
    ),
    refused(
        "another function",
        "code",
        "```python\ndef sort(lst):\n    return lst\n```",
        "strange_sort.code",
        "strange_sort",
    ),
    refused(
        "a difference instead of code",
        "code",
        "```diff\n-    return sorted(lst)\n+    return lst[::-1]\n```",
        "strange_sort.code",
        "compile",
    ),
    refused(
        "code with a null byte",
        "code",
        "```\ndef strange_sort(lst):\n    return '\0'\n```",
        "strange_sort.code",
        "compile",
    ),
]

HOSTILE = [
    unusable("huge", "prompt", "Answer {question}. " * 20_000, "at most 200,000"),
    unusable("nested without end", "settings", '{"suggestion": ' * 5_000, "nested too deeply"),
    unusable("lists without end", "settings", '{"suggestion": {"stops": ' + "[" * 90_000, "nested too deeply"),
    unusable("braces", "settings", "{" * 100_000, "no JSON object"),
    unusable("quotes and braces", "settings", "{'\"" * 30_000, "cut off"),
    unusable(
        "a number of 5,000 digits", "settings", '{"suggestion": {"retries": ' + "9" * 5_000 + "}}", "cannot be read"
    ),
    refused(
        "nested deeply",
        "settings",
        '{"suggestion": {"stops": ' + "[" * 80 + "]" * 80 + "}}",
        "stops",
        "nested too deeply",
    ),
    refused("a literal without end", "settings", '{"suggestion": {"stops": "' + "[" * 5_000 + '"}}', "stops", "list"),
    refused("an endless sum", "code", "```\n" + "1+" * 20_000 + "1\n```", "strange_sort.code", "compile"),
    unusable("tags without end", "prompt", '<variable name="support.prompt">' * 6_000, "no block"),
    unusable("fences", "code", "```\n" * 40_001, "no block"),
    refused(
        "names that run code",
        "settings",
        '{"suggestion": {"__import__(\'os\').getcwd()": 1}}',
        "__import__('os').getcwd()",
        "no variable",
    ),
    refused(
        "a value that runs code",
        "settings",
        '{"suggestion": {"stops": "[__import__(\'os\').getcwd()]"}}',
        "stops",
        "list",
    ),
]

AMBIGUOUS = [
    refused(
        "a prompt with a fence in it, cut at that",
        "prompt",
        "```\nAnswer {question} like this:\n```\nbilling\n```\n```",
        "support.prompt",
        "longer fences",
    ),
    refused(
        "two JSON blocks that differ",
        "settings",
        '```json\n{"temperature": 0.9}\n```\nNo, lower:\n```json\n{"temperature": 0.2}\n```',
        "temperature",
        "more than one value",
    ),
    recovered(
        "before and after as JSON blocks",
        "settings",
        'Before:\n```json\n{"temperature": 0.7}\n```\nAfter:\n```json\n{"temperature": 0.2}\n```',
        temperature=0.2,
    ),
    refused(
        "an element given twice",
        "prompt",
        "<prompt>Old: {question}</prompt> no, rather <prompt>New: {question}</prompt>",
        "support.prompt",
        "more than one value",
    ),
]

ROUTER = "You are a router. Route to billing or other."
BETTER = "You are a router. Invoices go to billing."
RAW_FENCE = '{"suggestion": {"support.prompt": "Use:\n```\nx\n```\nend"}}'

JSON_OR_BLOCKS = [
    recovered(
        "JSON in a block, with raw fences in a string",
        "router",
        f"```json\n{RAW_FENCE}\n```",
        support__prompt="Use:\n```\nx\n```\nend",
    ),
    recovered(
        "JSON after prose, with raw fences in a string",
        "mixed",
        f"Here is my answer.\n{RAW_FENCE}",
        support__prompt="Use:\n```\nx\n```\nend",
    ),
    unusable(
        "JSON in a block, cut off after a raw fence in a string",
        "router",
        '```json\n{"suggestion": {"support.prompt": "Use:\n```\nx\n```\nend',
        "cut off",
    ),
    recovered(
        "JSON in prose as an example, and a block under the name",
        "mixed",
        'For instance {"temperature": 0.9} would be bad.\n**temperature**\n```\n0.2\n```',
        temperature=0.2,
    ),
    refused(
        "JSON in prose as an example, and a block without a name",
        "router",
        f'Not {{"support.prompt": "Route."}} but\n```\n{BETTER}\n```',
        "support.prompt",
        "more than one value",
    ),
    unusable(
        "a sum of strings in JSON",
        "router",
        '{"suggestion": {"support.prompt": "Line one. " + "Line two."}}',
        "cannot be read",
    ),
    recovered(
        "a value beside the suggestion",
        "settings",
        '{"suggestion": {"temperature": .2}, "retries": 5}',
        temperature=0.2,
        retries=5,
    ),
    recovered(
        "names and values as a list",
        "settings",
        '[{"name": "temperature", "value": 0.2, "reasoning": "x"}, {"name": "retries", "value": 5}]',
        temperature=0.2,
        retries=5,
    ),
    recovered(
        "a suggestion as a list of names and values",
        "settings",
        '{"suggestion": [{"name": "temperature", "value": 0.2}, {"name": "retries", "value": 5}]}',
        temperature=0.2,
        retries=5,
    ),
    recovered(
        "comments of C in JSON",
        "settings",
        '{\n /* lower */ "suggestion": {"temperature": 0.2, /* more */ "retries": 5 // yes\n}}',
        temperature=0.2,
        retries=5,
    ),
    refused(
        "a bool for a number",
        "settings",
        '{"suggestion": {"temperature": true}}',
        "temperature",
        "a number is expected",
    ),
]

ABOUT_A_VALUE = [
    *(
        unchanged(f"words that keep a prompt: {words}", "router", f"```\n{words}\n```")
        for words in ("No change needed.", "(unchanged)", "N/A", "Keep the current value.", "Leave it as is.")
    ),
    recovered(
        "one prompt and no change of another",
        "prompts",
        f"support.prompt\n```\n{BETTER}\n```\nsummary.prompt\n```\n(no change)\n```",
        support__prompt=BETTER,
    ),
    *(
        recovered(f"the prompt under its name: {form}", "router", f"```\n{text}\n```", support__prompt=BETTER)
        for form, text in {
            "a label": f"support.prompt: {BETTER}",
            "on its first line": f"**support.prompt**\n{BETTER}",
            "an assignment": f'support_prompt = """{BETTER}"""',
            "strings side by side": 'better_prompt = (\n  "You are a router. "\n  "Invoices go to billing."\n)',
            "an assignment with its type": f'PROMPT: str = "{BETTER}"',
            "a line of JSON": f'"support.prompt": "{BETTER}"',
        }.items()
    ),
    recovered(
        "the prompt under its name as YAML",
        "router",
        "```yaml\nsupport.prompt: |\n  You are a router.\n    Be brief.\n```",
        support__prompt="You are a router.\n  Be brief.",
    ),
    recovered(
        "a sentence that begins with the name",
        "router",
        "```\nsupport.prompt is what you answer to: route.\n```",
        support__prompt="support.prompt is what you answer to: route.",
    ),
    refused(
        "code that makes the prompt",
        "router",
        '```\nprompt = f"Route {1 + 1}"\n```',
        "support.prompt",
        "write the text itself",
    ),
    refused(
        "a diff instead of a prompt",
        "router",
        f"```diff\n-{ROUTER}\n+{BETTER}\n```",
        "support.prompt",
        "whole new text",
    ),
    recovered(
        "a prompt that is a list",
        "router",
        "```\n- Invoices: billing\n- Else: other\n```",
        support__prompt="- Invoices: billing\n- Else: other",
    ),
    *(
        refused(f"a stand-in: {words}", "router", f"```\n{words}\n```", "support.prompt", "write it out")
        for words in ("<new prompt here>", "[Your improved prompt]", "[...]")
    ),
    recovered("a list of examples", "router", '```\n["an invoice"]\n```', support__prompt='["an invoice"]'),
    recovered(
        "a longer prompt, with a line that has its name",
        "router",
        f"{ROUTER}\nsupport.prompt: invoices are billing.",
        support__prompt=f"{ROUTER}\nsupport.prompt: invoices are billing.",
    ),
    unusable("the present prompt, and talk about it", "router", f"{ROUTER} I would keep this as is.", "no block"),
    unusable(
        "a block under the name of another variable in a sentence",
        "prompts",
        f"Unlike `summary.prompt`, this needs work:\n```\n{BETTER}\n```",
        "no block",
    ),
    recovered(
        "a block under its marked name and words about it",
        "prompts",
        f"1. **support.prompt**: says more about invoices now\n```\n{BETTER}\n```",
        support__prompt=BETTER,
    ),
    recovered(
        "a line in the midst of a sentence",
        "settings",
        "I considered setting:\nretries: 9\nbut it is slow.\n\ntemperature: 0.2",
        temperature=0.2,
    ),
    refused(
        "a prompt and a number as lines",
        "mixed",
        "```yaml\nsupport.prompt: You are X.\ntemperature: 0.2\n```",
        "support.prompt",
        "in a block under its name",
        temperature=0.2,
    ),
    refused(
        "a function that is only announced",
        "code",
        "```\ndef strange_sort(lst):\n    # ... existing code ...\n    ...\n```",
        "strange_sort.code",
        "without a body",
    ),
    recovered(
        "a function that only sets a name",
        "code",
        "```\ndef strange_sort(lst):\n    lst = 1\n```",
        strange_sort__code="def strange_sort(lst):\n    lst = 1",
    ),
    recovered(
        "a function that gives a constant",
        "code",
        "```\ndef strange_sort(lst):\n    return None\n```",
        strange_sort__code="def strange_sort(lst):\n    return None",
    ),
]

THOUGHTS = [
    *(
        recovered(f"a draft in a thought: {form}", "router", f"{text}```\n{BETTER}\n```", support__prompt=BETTER)
        for form, text in {
            "without its opening tag": "Let me try\n```\nDraft {x}\n```\nhmm</think>\n",
            "after prose": "Let me see.\n<think>\n```\nDraft\n```\n</think>\n",
            "twice": "<think>\n```\nDraft\n```\n</think>\n<think>\n```\nNext\n```\n</think>\n",
        }.items()
    ),
    recovered(
        "a prompt that speaks of thoughts",
        "router",
        "```\nThink first:\n<think>\n</think>\nThen route.\n```",
        support__prompt="Think first:\n<think>\n</think>\nThen route.",
    ),
]

CASES = [
    *AMBIGUOUS,
    *JSON_RECOVERED,
    *BLOCKS_RECOVERED,
    *JSON_OR_BLOCKS,
    *ABOUT_A_VALUE,
    *THOUGHTS,
    *NOTHING,
    *CUT_OFF,
    *REFUSED,
    *HOSTILE,
]
