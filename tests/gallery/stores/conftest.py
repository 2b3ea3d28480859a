"""The suite's assertions are told as those of a test."""

import pytest

pytest.register_assert_rewrite("store_suite")
