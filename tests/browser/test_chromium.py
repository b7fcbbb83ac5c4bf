"""The browser of the tests itself."""

import pytest


def test_a_browser_that_has_crashed_is_replaced(running):
    """The tests behind the one in which it crashed have one again."""
    from playwright.sync_api import Error

    first = running()
    assert running() is first
    with pytest.raises(Error):
        first.new_browser_cdp_session().send("Browser.crash")
    second = running()
    assert second is not first
    assert second.new_context().new_page().evaluate("6 * 7") == 42
