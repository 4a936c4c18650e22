# Every target sets up what it needs: a virtual environment in .venv, the packages, and the local model where it is used.
PYTHON ?= python3
BIN := .venv/bin
DEV := .venv/dev.installed
VENDOR := trace_view/static/vendor
AG2_TESTS := tests/autogen_classic tests/conformance/test_autogen_classic.py
OPENAI_AGENTS_TESTS := tests/openai_agents tests/conformance/test_openai_agents.py

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help quickstart test test-all test-matrix test-ag2 test-ag2-oldest test-ray test-openai2 test-openai-agents test-view screenshots lint bench bench-langchain bench-autogen bench-ag2 bench-llamaindex bench-training bench-store bench-openai bench-learning bench-executors bench-view docs vendor model clean

help:  ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## /  make \1\t/p' Makefile | expand -t 24

quickstart: $(DEV) $(if $(OPENAI_API_KEY)$(TRACE_LLM),,model)  ## a prompt learns to route support tickets, on the local model
	$(BIN)/python examples/quickstart.py

test: $(DEV) model  ## the tests
	$(BIN)/python -m pytest -m "not long"

test-all: $(DEV) model  ## the tests, with those that are too long for `make test`
	$(BIN)/python -m pytest

test-matrix: test test-ag2 test-ag2-oldest test-openai2 test-openai-agents .venv-oldest/langchain.installed  ## the tests, those of classic AutoGen and of the OpenAI Agents SDK, and those of AutoGen, LangChain and OpenAI's client on older versions that are supported
	.venv-oldest/bin/python -m pytest -W default tests/langchain tests/conformance/test_langchain.py -m "not long"

test-ag2: .venv-ag2/ag2.installed  ## the tests of classic AutoGen, on AG2 below 1.0
	.venv-ag2/bin/python -m pytest -W default $(AG2_TESTS)

test-ag2-oldest: .venv-ag2-oldest/ag2.installed .venv-ag2-0.2/ag2.installed  ## the same on the oldest AG2, and on AutoGen 0.2
	.venv-ag2-oldest/bin/python -m pytest -W default -m "not long" $(AG2_TESTS)
	.venv-ag2-0.2/bin/python -m pytest -W default -m "not long" $(AG2_TESTS)

test-openai2: .venv-openai2/openai.installed  ## the tests of OpenAI's client, on openai 2
	.venv-openai2/bin/python -m pytest -W default -m "not long" tests/openai tests/conformance/test_openai.py

test-openai-agents: .venv-openai-agents/openai-agents.installed  ## the tests of the OpenAI Agents SDK, which needs openai 3
	.venv-openai-agents/bin/python -m pytest -W default $(OPENAI_AGENTS_TESTS)

test-ray: .venv-ray/ray.installed  ## training on a Ray cluster of two nodes that it starts
	.venv-ray/bin/python -m pytest tests/train/executors/test_ray.py

test-view: $(DEV)  ## the tests of the pages, also those in a browser (Debian: apt-get install chromium)
	$(BIN)/python -m pytest tests/view

screenshots: $(DEV)  ## the pictures in docs/images, of the pages as they are now (needs chromium)
	SCREENSHOTS=docs/images $(BIN)/python -m pytest tests/view/e2e/test_screenshots.py

lint: $(DEV)  ## style, formatting, types, and which module may import which
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(DEV)  ## speed and memory of the graph, as JSON
	@$(BIN)/python benchmarks/graph.py

bench-langchain: .venv-langchain/bench.installed  ## what recording a LangChain program costs, beside other recorders, as JSON
	@.venv-langchain/bin/python benchmarks/langchain_overhead.py

bench-autogen: .venv-autogen/bench.installed  ## what recording AutoGen's agents costs, beside another recorder, as JSON
	@.venv-autogen/bin/python benchmarks/autogen_overhead.py

bench-ag2: .venv-ag2-bench/bench.installed  ## what recording a chat of classic AutoGen costs, beside another recorder, as JSON
	@.venv-ag2-bench/bin/python benchmarks/autogen_classic_overhead.py

bench-llamaindex: .venv-llamaindex/bench.installed  ## what recording a LlamaIndex program costs, beside another recorder, as JSON
	@.venv-llamaindex/bin/python -W ignore benchmarks/llamaindex_overhead.py

bench-openai: .venv-openai-bench/bench.installed  ## what recording a client of OpenAI's API costs, beside another recorder, as JSON
	@.venv-openai-bench/bin/python benchmarks/openai_overhead.py


bench-store: $(DEV)  ## what keeping and reading records of trainings costs: some minutes and 4 GB of disk, as JSON
	@$(BIN)/python benchmarks/store.py

bench-training: $(DEV)  ## what training costs beside what it runs, and whether its search does what it claims: half an hour, as JSON
	@$(BIN)/python benchmarks/training.py
	@$(BIN)/python benchmarks/search.py --json

bench-learning: $(DEV) model  ## does it learn? beside a plain loop, the quickstart on five splits, the examples: some hours, as JSON
	@$(BIN)/python benchmarks/debugging.py
	@$(BIN)/python benchmarks/quickstart.py
	@$(BIN)/python benchmarks/examples.py

bench-executors: .venv-ray/ray.installed  ## what a second worker brings, in processes and on Ray, as JSON
	@.venv-ray/bin/python benchmarks/executors.py

bench-view: $(DEV)  ## what pages cost the server, with a database of a thousand trainings: some minutes and 4 GB of disk, as JSON
	@$(BIN)/python benchmarks/view.py

vendor:  ## fetch the scripts of others that pages use, and check that they are what they were (needs npm)
	rm -rf build/vendor && mkdir -p build/vendor
	cp $(VENDOR)/package.json $(VENDOR)/package-lock.json build/vendor/
	npm ci --prefix build/vendor --ignore-scripts --no-audit --no-fund
	cp build/vendor/node_modules/cytoscape/dist/cytoscape.min.js build/vendor/node_modules/htmx.org/dist/htmx.min.js $(VENDOR)/
	cp build/vendor/node_modules/cytoscape/LICENSE $(VENDOR)/cytoscape.LICENSE
	cp build/vendor/node_modules/htmx.org/LICENSE $(VENDOR)/htmx.LICENSE
	cd $(VENDOR) && sha256sum --check SHA256SUMS

docs: .venv/docs.installed  ## the documentation, into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

model: $(DEV)  ## bring the local model into the user's cache folder (1.1 GB, once)
	@$(BIN)/python -m trace_local fetch

clean:  ## remove what the targets made, but not the model
	rm -rf .venv .venv-* dist build site .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

.venv/%.installed: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --editable '.[$*]'
	@touch $@

.venv-oldest/langchain.installed: pyproject.toml tests/langchain/oldest.txt
	test -x .venv-oldest/bin/python || $(PYTHON) -m venv .venv-oldest
	.venv-oldest/bin/python -m pip install --quiet --editable '.[langchain]' -r tests/langchain/oldest.txt
	@touch $@

.venv-ag2/ag2.installed: pyproject.toml
	test -x .venv-ag2/bin/python || $(PYTHON) -m venv .venv-ag2
	.venv-ag2/bin/python -m pip install --quiet --editable '.[ag2]' 'pytest>=8.3' 'pytest-asyncio>=1'
	@touch $@

.venv-openai-agents/openai-agents.installed: pyproject.toml
	test -x .venv-openai-agents/bin/python || $(PYTHON) -m venv .venv-openai-agents
	.venv-openai-agents/bin/python -m pip install --quiet --editable '.[openai-agents]' 'pytest>=8.3' 'pytest-asyncio>=1'
	@touch $@

.venv-ag2-oldest/ag2.installed: tests/autogen_classic/oldest.txt
.venv-ag2-0.2/ag2.installed: tests/autogen_classic/autogen-0.2.txt
.venv-ag2-oldest/ag2.installed .venv-ag2-0.2/ag2.installed: pyproject.toml
	test -x $(@D)/bin/python || $(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --editable . -r $(filter %.txt,$^)
	@touch $@

.venv-openai2/openai.installed: pyproject.toml
	test -x .venv-openai2/bin/python || $(PYTHON) -m venv .venv-openai2
	.venv-openai2/bin/python -m pip install --quiet --editable . 'openai>=2,<3' 'pytest>=8.3' 'pytest-asyncio>=1'
	@touch $@

.venv-ray/ray.installed: pyproject.toml
	test -x $(@D)/bin/python || $(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --editable '.[ray]' 'pytest>=8.3' 'pytest-asyncio>=1'
	@touch $@

.venv-langchain/bench.installed: packages = '.[examples]' openinference-instrumentation-langchain
.venv-autogen/bench.installed: packages = '.[autogen]' 'autogen-ext[openai]>=0.7,<0.8' openinference-instrumentation-autogen-agentchat
.venv-ag2-bench/bench.installed: packages = '.[ag2]' openinference-instrumentation-ag2
.venv-llamaindex/bench.installed: packages = '.[llama-index]' openinference-instrumentation-llama-index
.venv-openai-bench/bench.installed: packages = . openinference-instrumentation-openai
%/bench.installed: pyproject.toml
	test -x $(@D)/bin/python || $(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --editable $(packages) opentelemetry-sdk
	@touch $@
