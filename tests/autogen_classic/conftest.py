"""All of these tests need AG2 below 1.0, which has an environment of its own (`make test-ag2`)."""

import pytest

pytest.importorskip("autogen")
