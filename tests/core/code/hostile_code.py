"""What hostile or exhausting code tries, and how it ends: the body of `def attack():`, the error, and its message.

`LIMIT` is our SandboxLimit; a name is the builtin exception that the code gets; `HARMLESS` means that what the attempt
gives back is of no use, which the message describes as the result's text.
"""

LIMIT = "SandboxLimit"
HARMLESS = "harmless"

FILES = [
    ("open('/etc/passwd').read()", "PermissionError", "denied"),
    ("open('/tmp/x', 'w').write('x')", "PermissionError", "denied"),
    ("with open('secret.txt') as f:\n    return f.read()", "PermissionError", "denied"),
    ("import pathlib\nreturn pathlib.Path('/etc/passwd').read_text()", "PermissionError", "denied"),
    ("import pathlib\nreturn list(pathlib.Path('/').iterdir())", "PermissionError", "denied"),
    ("import pathlib\npathlib.Path('/tmp/x').write_text('x')", "PermissionError", "denied"),
    ("import pathlib\npathlib.Path('/etc/passwd').unlink()", "PermissionError", "denied"),
    ("import os\nreturn os.listdir('/')", "PermissionError", "denied"),
    ("import os\nos.remove('/etc/passwd')", "PermissionError", "denied"),
    ("import io\nreturn io.open('/etc/passwd')", "ModuleNotFoundError", "io"),
    ("import shutil\nshutil.rmtree('/')", "ModuleNotFoundError", "shutil"),
    ("import sqlite3\nsqlite3.connect('/tmp/x')", "ModuleNotFoundError", "sqlite3"),
]

NETWORK = [
    ("import socket\nsocket.socket().connect(('127.0.0.1', 80))", "ModuleNotFoundError", "socket"),
    ("import urllib.request\nurllib.request.urlopen('http://localhost')", "ModuleNotFoundError", "urllib"),
    ("import http.client\nhttp.client.HTTPConnection('localhost')", "ModuleNotFoundError", "http"),
    ("import ssl", "ModuleNotFoundError", "ssl"),
    ("import asyncio\nreturn asyncio.open_connection('localhost', 80)", "AttributeError", "open_connection"),
]

ENVIRONMENT = [
    ("import os\nreturn os.environ['OPENAI_API_KEY']", "RuntimeError", "not supported"),
    ("import os\nreturn os.getenv('HOME')", "RuntimeError", "not supported"),
    ("import os\nreturn os.urandom(8)", "RuntimeError", "not supported"),
    ("import os\nreturn os.getcwd()", HARMLESS, "/"),
    ("import sys\nreturn str(sys.argv)", HARMLESS, "['main.py']"),
    ("import platform", "ModuleNotFoundError", "platform"),
    ("return input()", "NameError", "input"),
]

PROCESSES = [
    ("import subprocess\nsubprocess.run(['ls'])", "ModuleNotFoundError", "subprocess"),
    ("import os\nos.system('ls')", "AttributeError", "system"),
    ("import os\nos.fork()", "AttributeError", "fork"),
    ("import os\nos._exit(1)", "AttributeError", "_exit"),
    ("import os\nos.kill(1, 9)", "AttributeError", "kill"),
    ("import sys\nsys.exit(1)", "AttributeError", "exit"),
    ("import ctypes", "ModuleNotFoundError", "ctypes"),
    ("import threading", "ModuleNotFoundError", "threading"),
    ("import multiprocessing", "ModuleNotFoundError", "multiprocessing"),
    ("import signal", "ModuleNotFoundError", "signal"),
    ("exit()", "NameError", "exit"),
    ("breakpoint()", "NameError", "breakpoint"),
    ("raise KeyboardInterrupt", "RuntimeError", "KeyboardInterrupt"),
    ("raise SystemExit", "RuntimeError", "SystemExit"),
]

IMPORTS = [
    ("return __import__('os')", "NameError", "__import__"),
    ("import importlib\nreturn importlib.import_module('os')", "ModuleNotFoundError", "importlib"),
    ("import builtins\nreturn builtins.open", "ModuleNotFoundError", "builtins"),
    ("exec('import subprocess')", "ModuleNotFoundError", "subprocess"),
    ('return eval(\'__import__("os").system("ls")\')', "NameError", "__import__"),
    ("import sys\nreturn sys.modules['os']", "AttributeError", "modules"),
    ("import sys\nsys.path.append('/tmp')", "AttributeError", "path"),
    ("import pickle\nreturn pickle.loads(b'')", "ModuleNotFoundError", "pickle"),
    ("return compile('1', 'x', 'eval')", "NameError", "compile"),
    ("import trace_core", "ModuleNotFoundError", "trace_core"),
    ("return globals()", "NameError", "globals"),
    ("return vars()", "NameError", "vars"),
]

DUNDERS = [
    ("return ().__class__.__bases__[0].__subclasses__()", "AttributeError", "__class__"),
    ("return type(()).__mro__", "AttributeError", "__mro__"),
    ("return object.__subclasses__()", "AttributeError", "__subclasses__"),
    ("return (lambda: 0).__globals__", "AttributeError", "__globals__"),
    ("return attack.__code__", "AttributeError", "__code__"),
    ("return print.__self__", "AttributeError", "__self__"),
    ("return helper.__globals__", "AttributeError", "__globals__"),
    ("return helper.__closure__", "AttributeError", "__closure__"),
    ("return thing.__dict__", "AttributeError", "__dict__"),
    ("return thing._secret", "AttributeError", "_secret"),
    ("return thing.secret", "AttributeError", "secret"),
    ("return thing.method()", "AttributeError", "method"),
    ("return getattr(thing, 'sec' + 'ret')", "AttributeError", "secret"),
    ("return type(thing).secret", "AttributeError", "secret"),
    ("return type(thing)()", "AttributeError", "__call__"),
    ("return thing()", "AttributeError", "__call__"),
    ("return thing.__init__.__globals__", "AttributeError", "__init__"),
    ("return '{0.__class__}'.format(1)", "AttributeError", "__class__"),
    ("try:\n    1 / 0\nexcept Exception as e:\n    return e.__traceback__.tb_frame", "AttributeError", "__traceback__"),
    ("return (i for i in [1]).gi_frame", "AttributeError", "gi_frame"),
]

TIME = [
    ("while True:\n    pass", LIMIT, "longer"),
    (
        "while True:\n    try:\n        while True:\n            pass\n    except BaseException:\n        pass",
        LIMIT,
        "longer",
    ),
    ("return sum(range(10**12))", LIMIT, "longer"),
    ("return max(iter(int, 1))", LIMIT, "longer"),
    ("import math\nreturn math.factorial(10**6)", LIMIT, "longer"),
    ("import time\ntime.sleep(1000)", LIMIT, "sleeps longer"),
    ("for i in range(10**9):\n    helper(i)", LIMIT, "more often"),
    ("while True:\n    try:\n        helper(1)\n    except BaseException:\n        pass", LIMIT, "more often"),
    ("import re\nreturn str(re.match('(a+)+$', 'a' * 50 + 'b'))", HARMLESS, "None"),
    ("import re\nreturn str(re.match('(a|a)*b', 'a' * 50))", HARMLESS, "None"),
]

MEMORY = [
    ("return [0] * 10**10", LIMIT, "than it may"),
    ("return 'x' * 10**10", LIMIT, "than it may"),
    ("return bytes(10**10)", LIMIT, "than it may"),
    ("return 'a'.ljust(10**10)", LIMIT, "than it may"),
    ("return '%10000000000d' % 1", LIMIT, "than it may"),
    ("return f'{1:10000000000}'", LIMIT, "than it may"),
    ("return 10**10**10", LIMIT, "than it may"),
    ("return 1 << 10**10", LIMIT, "than it may"),
    ("return list(range(10**9))", LIMIT, "than it may"),
    ("x = 'a'\nwhile True:\n    x += x", LIMIT, "than it may"),
    ("x = []\nwhile True:\n    x.append('a' * 100_000)", LIMIT, "than it may"),
    ("x = {}\nwhile True:\n    x[len(x)] = [0] * 10_000", LIMIT, "than it may"),
    ("import itertools\nreturn list(itertools.count())", LIMIT, "than it may"),
    ("return ('a' * 10**5).replace('a', 'b' * 10**6)", LIMIT, "than it may"),
    ("return str(10**100_000)", "ValueError", "digits"),
    ("while True:\n    try:\n        x = [0] * 10**10\n    except MemoryError:\n        pass", LIMIT, "than it may"),
]

DEPTH = [
    ("return attack()", LIMIT, "deeply"),
    ("class A:\n    def __repr__(self):\n        return repr(self)\nreturn repr(A())", LIMIT, "deeply"),
    ("class A:\n    def __eq__(self, other):\n        return self == other\nreturn A() == A()", LIMIT, "deeply"),
    ("x = []\nfor i in range(100_000):\n    x = [x]\nreturn x", LIMIT, "nested"),
    ("x = {}\nfor i in range(100_000):\n    x = {'a': x}\nreturn x", LIMIT, "nested"),
    ("return eval('(' * 50_000 + ')' * 50_000)", "SyntaxError", "nested"),
    ("import json\nreturn json.loads('[' * 100_000)", "JSONDecodeError", "recursion"),
]

OUTPUT = [
    ("while True:\n    print('x' * 1000)", LIMIT, "prints"),
    ("print('x' * 10**6)", LIMIT, "prints"),
    ("return 'x' * 1_000_000", LIMIT, "result is larger"),
    ("return [0] * 300_000", LIMIT, "result is larger"),
    ("x = []\nx.append(x)\nreturn str(x)", HARMLESS, "[[[...]]]"),
]

ATTACKS = [
    *FILES, *NETWORK, *ENVIRONMENT, *PROCESSES, *IMPORTS, *DUNDERS, *TIME, *MEMORY, *DEPTH, *OUTPUT
]  # fmt: skip
