from __future__ import annotations

import subprocess
import sys


def test_importing_the_layer_loads_no_client() -> None:
    program = (
        "import sys; import trace_core.llm; from trace_core.llm import OpenAIChat; OpenAIChat('m', api_key='x');"
        "sys.exit(', '.join({'openai', 'httpx', 'httpx2', 'sqlite3', 'trace_local'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
