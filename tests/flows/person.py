"""A person in a real browser, on the way from the portal's front page to the own entry, by keyboard alone."""

from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from gateway.demo.places import Places
from mock_bank.personas import Persona
from providers.contract import Language
from tests.flows.keyboard import Keyboard
from tests.flows.walking import ANNA
from tests.flows.words import LATVIAN, Words


class Person:
    """One person at one tab.

    Args:
        page: the tab.
        places: the running system.
        words: the language they read.
        persona: whom the bank knows them as.
        presses: whether they press the buttons of the two pages that send themselves, as one must without scripts.
        looks: called on every page as soon as it stands still.
    """

    def __init__(
        self,
        page: Page,
        places: Places,
        words: Words = LATVIAN,
        persona: Persona = ANNA,
        *,
        presses: bool = False,
        looks: Callable[[], object] = lambda: None,
    ) -> None:
        self.page = page
        self.places = places
        self.words = words
        self.persona = persona
        self.presses = presses
        self.looks = looks
        self.keys = Keyboard(page)

    def signs_in(self) -> None:
        """The whole way, with the bank's code calculator."""
        self.asks_to_sign_in()
        self.chooses_the_bank()
        self.gives_the_password()
        self.gives_the_code()
        self.agrees()
        self.opens_my_entry()

    def asks_to_sign_in(self) -> None:
        """Open the portal, change its language where wanted, and leave for the gateway."""
        self.page.goto(f"{self.places.auctions}/")
        if self.words.language is Language.ENGLISH:
            self.keys.press(self.link("English"))
        self.sees(self.link(self.words.sign_in))
        self.keys.press(self.link(self.words.sign_in))
        self.page.wait_for_url(f"{self.places.issuer}/login/*")

    def chooses_the_bank(self) -> None:
        """Press the bank's button on the page of ways to sign in."""
        button = self.page.get_by_role("button").filter(has_text=self.words.bank)
        self.sees(button)
        self.keys.press(button)
        if self.presses:
            self.sees(self.button(self.words.to_bank))
            self.keys.press(self.button(self.words.to_bank))

    def gives_the_password(self, *, by_app: bool = False) -> None:
        """The first factor, and the choice of the second."""
        self.sees(self.page.get_by_label(self.words.user_number, exact=True))
        self.keys.type(self.page.get_by_label(self.words.user_number, exact=True), self.persona.user_number)
        self.keys.type(self.page.get_by_label(self.words.password, exact=True), self.persona.password)
        if by_app:
            self.keys.reach(self.page.locator("input[name=method]:checked"))
            self.page.keyboard.press("ArrowDown")
            expect(self.page.get_by_label(self.words.app)).to_be_checked()
        self.keys.press(self.button(self.words.proceed))

    def gives_the_code(self) -> None:
        """Copy what the calculator shows."""
        field = self.page.get_by_label(self.words.code)
        self.sees(field)
        self.keys.type(field, self.page.locator("#calculator-code").inner_text().strip())
        self.keys.press(self.button(self.words.proceed))

    def agrees(self) -> None:
        """Let the bank hand over the three fields."""
        self.sees(self.button(self.words.agree))
        self.keys.press(self.button(self.words.agree))
        if self.presses:
            answer = self.page.locator("#answer button")
            self.sees(answer)
            self.keys.press(answer)

    def opens_my_entry(self) -> None:
        """Arrive at the form of a new entry, or at the entry; go on to the entry."""
        self.page.wait_for_url(f"{self.places.auctions}/my-entry**")
        self.sees(self.page.locator("#personal-code"))
        self.keys.press(self.page.get_by_role("navigation").get_by_role("link", name=self.words.my_entry))
        self.page.wait_for_url(f"{self.places.auctions}/my-entry")
        self.sees(self.page.locator("#personal-code"))

    def completes_the_entry(self) -> None:
        """Write what the form of the entry asks for, and send it."""
        self.page.goto(f"{self.places.auctions}/my-entry/details")
        written = {"declared_address": "Brīvības iela 1, Rīga, LV-1010", "document_number": "PA1234567"}
        for field, text in {**written, "account": "LV80BANK0000435195001"}.items():
            self.keys.type(self.page.locator(f"#{field}"), text)
        self.keys.reach(self.page.locator("#document_type"))
        self.page.keyboard.press("ArrowDown")
        self.keys.press(self.page.get_by_role("main").get_by_role("button"))
        self.sees(self.page.get_by_role("status"))

    def sees(self, expected: Locator) -> None:
        """Wait for a page by something on it, and look around."""
        expect(expected).to_be_visible()
        self.page.wait_for_load_state()
        self.looks()

    def button(self, name: str) -> Locator:
        """A button by its whole name."""
        return self.page.get_by_role("button", name=name, exact=True)

    def link(self, name: str) -> Locator:
        """A link by its whole name."""
        return self.page.get_by_role("link", name=name, exact=True)

    @property
    def shown_identity(self) -> list[str]:
        """The three fields as the portal's page shows them."""
        fields = ("given-name", "family-name", "personal-code")
        return [self.page.locator(f"#{field}").inner_text() for field in fields]

    @property
    def own_identity(self) -> list[str]:
        """The three fields as the bank knows them."""
        return [self.persona.given_name, self.persona.family_name, self.persona.personal_code]

    @property
    def is_signed_in(self) -> bool:
        """Whether the portal knows this browser's person, asked behind the page's back."""
        answer = self.page.request.get(f"{self.places.auctions}/my-entry.json", max_redirects=0)
        return answer.status == 200 and answer.json()["personal_code"] == self.persona.personal_code


def hold_the_pages_that_send_themselves(page: Page) -> None:
    """Let scripts send no form, so that the pages which send themselves can be looked at; their buttons still work."""
    page.add_init_script("HTMLFormElement.prototype.submit = () => {}")


def with_fault(page: Page, fault: str) -> None:
    """Let the bank misbehave in this tab's logins."""
    page.route("**/banklink", lambda route: route.continue_(url=f"{route.request.url}?fault={fault}"))


def approves_on(phone: Page, person: Person) -> None:
    """On the phone: compare the control code with the one in the person's tab, type the PIN, approve."""
    phone.goto(f"{person.places.bank}/app/{person.persona.user_number}")
    expect(phone.locator(".control output")).to_have_text(person.page.locator("#control-code").inner_text())
    keys = Keyboard(phone)
    keys.type(phone.get_by_label("PIN"), person.persona.pin)
    keys.press(phone.get_by_role("button", name="Codes are equal: approve"))
    expect(phone.locator(".done")).to_contain_text("approved")
