"""`python -m trace_train.cli`: the command `trace-suite`."""

from trace_train.cli import main

main()
