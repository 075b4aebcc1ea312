"""A person without a mouse: the Tab key until a control is reached, Enter, the space bar, and typing."""

from playwright.sync_api import Locator, Page, expect

from tests.support.browser import FOCUSABLE


class Keyboard:
    """The keys of one page; nothing is ever clicked or filled in by a script."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def press(self, control: Locator, key: str = "Enter") -> None:
        """Go to a control and press a key there."""
        self.reach(control)
        self._page.keyboard.press(key)

    def type(self, field: Locator, text: str) -> None:
        """Go to a field and write over what stands there."""
        self.reach(field)
        self._page.keyboard.press("Control+a")
        self._page.keyboard.type(text)

    def reach(self, control: Locator) -> None:
        """Press Tab until a control has the keyboard; fails after having been everywhere once."""
        expect(control).to_be_visible()
        self._page.wait_for_load_state()
        for _ in range(self._page.locator(FOCUSABLE).count() + 2):
            if control.evaluate("element => element === document.activeElement"):
                return
            self._page.keyboard.press("Tab")
        raise AssertionError(f"the Tab key does not reach {control} at {self._page.url}")
