"""Assertions outside of test files explain themselves, too."""

import pytest

pytest.register_assert_rewrite(
    "tests.contract.board_contract",
    "tests.contract.board_story",
    "tests.contract.emulated_rig",
    "tests.hardware.told",
)
