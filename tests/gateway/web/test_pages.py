"""What each page holds, read from its HTML."""

from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.web import templating
from gateway.web.messages import MESSAGES, message_for
from gateway.web.pages import (
    Choice,
    ChoicesView,
    DepartureView,
    Notice,
    NoticeView,
    RefusalView,
    prepare_pages,
    render_choices,
    render_departure,
    render_notice,
    render_refusal,
)
from providers.contract import Availability, FormDeparture, Language, ProviderKind, RedirectDeparture

BOTH = pytest.mark.parametrize("language", list(Language))

CHOICES = ChoicesView(
    language=Language.LATVIAN,
    portal="Izsoļu reģistrs",
    choices=(
        Choice(id="jura", name="Jūras banka"),
        Choice(id="meza", name="Meža banka", last_used=True),
        Choice(
            id="upes",
            name="Upes banka",
            state=Availability.DOWN,
            since=datetime(2026, 11, 24, 22, 40, tzinfo=UTC),
            planned=("25.11. 01:00–03:00",),
        ),
    ),
    action="/login/x/choose",
    cancel_action="/login/x/cancel",
    forget_action="/login/x/forget",
    other_language_url="/login/x?lang=en",
    valid_until=datetime(2026, 7, 1, 20, 5, tzinfo=UTC),
    hidden=(("token", "t1"),),
)
FORM = FormDeparture(
    action="https://bank.example/banklink",
    fields=(("VK_SERVICE", "4012"), ("VK_RETURN", "https://vpm.example/return/meza")),
    charset="ISO-8859-13",
    message=b"",
)
DEPARTURE = DepartureView(
    language=Language.LATVIAN,
    provider="Meža banka",
    departure=FORM,
    script_nonce="c2l4dGVlbiBvciBtb3Jl",
    another_way_url="/login/x",
)
REFUSAL = RefusalView(
    language=Language.LATVIAN,
    reason="provider_busy",
    incident="7KQ2-9XMB",
    portal="Izsoļu reģistrs",
    provider="Meža banka",
    another_way_action="/login/x/again",
    return_action="/login/x/cancel",
)


class Reader(HTMLParser):
    """Collects start tags with their attributes, and the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def every_page(language: Language) -> dict[str, str]:
    pages = {
        "choices": render_choices(replace(CHOICES, language=language)),
        "no choices": render_choices(replace(CHOICES, language=language, choices=())),
        "departure": render_departure(replace(DEPARTURE, language=language)),
        "refusal": render_refusal(replace(REFUSAL, language=language)),
        "refusal without portal": render_refusal(
            RefusalView(language=language, reason="known_relying_party", incident="7KQ2-9XMB")
        ),
    }
    return pages | {n.value: render_notice(NoticeView(language=language, notice=n)) for n in Notice}


@BOTH
def test_every_page_has_one_heading_a_language_a_title_a_viewport_and_a_way_past_the_header(language: Language) -> None:
    for name, html in every_page(language).items():
        page = Reader(html)
        assert len(page.all("h1")) == 1, name
        assert page.all("html") == [{"lang": language}], name
        assert page.all("title"), name
        assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in page.all("meta"), name
        assert page.all("a")[0]["href"] == "#content", name
        assert [main["id"] for main in page.all("main")] == ["content"], name


@BOTH
def test_no_page_needs_a_script_or_loads_anything_from_elsewhere(language: Language) -> None:
    """T16: nothing inline but the one script with its nonce."""
    for name, html in every_page(language).items():
        page = Reader(html)
        assert len(page.all("script")) == (1 if name == "departure" else 0), name
        assert all(link["href"].startswith("/assets/") for link in page.all("link")), name
        assert not any(key.startswith("on") or key == "style" for _, keys in page.tags for key in keys), name


def test_the_ways_to_sign_in_are_buttons_of_one_form_with_the_last_used_first() -> None:
    page = Reader(render_choices(CHOICES))
    forms = [form["action"] for form in page.all("form")]
    assert forms == ["/login/x/choose", "/login/x/forget", "/login/x/cancel"]
    assert all(form["method"] == "post" for form in page.all("form"))
    chosen = [button["value"] for button in page.all("button") if button.get("name") == "provider"]
    assert chosen == ["meza", "jura", "upes"]
    assert "pēdējoreiz izmantots" in page.text


def test_a_provider_that_is_down_stays_on_the_list_and_says_so() -> None:
    """VPM-DRV-15: the person sees it named as unavailable, and may try or choose another."""
    text = Reader(render_choices(CHOICES)).text
    assert "Nedarbojas kopš 25.11.2026. plkst.\u00a000:40" in text
    assert "Plānots pārtraukums: 25.11. 01:00–03:00" in text
    assert "Tā pati to paziņojusi. Varat tomēr mēģināt." in text


def test_a_provider_that_nobody_reaches_is_not_said_to_have_said_so() -> None:
    silent = Choice(id="jura", name="Jūras banka", state=Availability.DOWN, answers=False)
    text = Reader(render_choices(replace(CHOICES, choices=(silent,)))).text
    assert "Tā mums neatbild. Varat tomēr mēģināt." in text
    assert "pati to paziņojusi" not in text


def test_a_way_that_is_too_weak_for_the_portal_is_named_with_the_reason_and_cannot_be_pressed() -> None:
    weak = Choice(id="jura", name="Jūras banka", too_weak=True)
    page = Reader(render_choices(replace(CHOICES, choices=(weak, Choice(id="meza", name="Meža banka")))))
    assert [button["value"] for button in page.all("button") if button.get("name") == "provider"] == ["meza"]
    assert "Jūras banka" in page.text
    assert "prasa augstāku uzticamības līmeni" in page.text


def test_ways_stand_under_what_a_person_reaches_for_where_there_is_more_than_one_kind() -> None:
    card = Choice(id="card", name="eID karte", kind=ProviderKind.CARD)
    banks = (Choice(id="jura", name="Jūras banka"), Choice(id="meza", name="Meža banka", last_used=True))
    both = Reader(render_choices(replace(CHOICES, choices=(card, *banks))))
    chosen = [button["value"] for button in both.all("button") if button.get("name") == "provider"]
    assert chosen == ["meza", "jura", "card"]
    assert [heading["id"] for heading in both.all("h2")] == ["kind-bank", "kind-card"]
    assert Reader(render_choices(replace(CHOICES, choices=banks))).all("h2") == []


def test_the_time_left_is_shown_in_the_time_of_latvia_summer_time_included() -> None:
    assert '<time datetime="2026-07-01T20:05:00+00:00">23:05</time>' in render_choices(CHOICES)


def test_nothing_is_offered_to_be_forgotten_when_nothing_is_remembered() -> None:
    never = replace(CHOICES, choices=(Choice(id="jura", name="Jūras banka"),))
    assert "/login/x/forget" not in render_choices(never)


def test_every_form_of_a_page_carries_the_hidden_fields() -> None:
    page = Reader(render_choices(CHOICES))
    hidden = [field for field in page.all("input") if field["type"] == "hidden"]
    assert hidden == [{"type": "hidden", "name": "token", "value": "t1"}] * len(page.all("form"))


def test_the_departure_carries_the_message_and_has_a_button_for_browsers_without_scripts() -> None:
    """BNK: hidden inputs in order, accept-charset of the message, a visible button (banklink.md section 2)."""
    page = Reader(render_departure(DEPARTURE))
    form = page.all("form")
    assert form == [{"id": "departure", "method": "post", "action": FORM.action, "accept-charset": "ISO-8859-13"}]
    assert [(field["name"], field["value"]) for field in page.all("input")] == list(FORM.fields)
    assert "Turpināt uz Meža banka" in page.text
    assert page.all("script") == [{"nonce": DEPARTURE.script_nonce}]


def test_a_departure_by_query_is_a_link_that_follows_itself() -> None:
    location = "https://op.example/authorize?state=0f&scope=openid%20x"
    page = Reader(render_departure(replace(DEPARTURE, departure=RedirectDeparture(location=location))))
    assert [link["href"] for link in page.all("a") if link.get("id") == "departure"] == [location]
    assert page.all("form") == []
    assert page.all("script") == [{"nonce": DEPARTURE.script_nonce}]


FIELD = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=60)


@given(fields=st.lists(st.tuples(FIELD, FIELD), max_size=12), url=FIELD)
def test_no_field_of_a_departure_can_change_the_page_around_it(fields: list[tuple[str, str]], url: str) -> None:
    """T16: whatever a message holds arrives as the value it was, and adds no tag."""
    view = replace(DEPARTURE, departure=replace(FORM, fields=tuple(fields)), another_way_url=f"/{url}")
    page = Reader(render_departure(view))
    assert [(field["name"], field["value"]) for field in page.all("input")] == fields
    assert page.all("a")[-1]["href"] == f"/{url}"
    assert len(page.tags) == len(
        Reader(render_departure(replace(view, departure=replace(FORM, fields=())))).tags
    ) + len(fields)


@given(text=st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=60))
def test_no_name_of_a_portal_or_provider_can_change_the_page_around_it(text: str) -> None:
    choices = (Choice(id=text, name=text, planned=(text,)),)
    expected = Reader(render_choices(replace(CHOICES, choices=(Choice(id="b", name="B", planned=("p",)),))))
    found = Reader(render_choices(replace(CHOICES, portal=text, choices=choices, hidden=(("token", text),))))
    assert [name for name, _ in found.tags] == [name for name, _ in expected.tags]
    assert found.all("button")[0]["value"] == text
    refusal = Reader(render_refusal(replace(REFUSAL, portal=text, provider=text)))
    assert [name for name, _ in refusal.tags] == [name for name, _ in Reader(render_refusal(REFUSAL)).tags]


@BOTH
@pytest.mark.parametrize("reason", [*MESSAGES, "no-such-reason"])
def test_a_refusal_says_what_happened_its_number_and_the_ways_on(language: Language, reason: str) -> None:
    page = Reader(render_refusal(replace(REFUSAL, language=language, reason=reason)))
    text = message_for(reason).person[language].about("Meža banka")
    for sentence in (text.title, text.explanation, text.next_step, "7KQ2-9XMB"):
        assert sentence in page.text
    assert [form["action"] for form in page.all("form")] == ["/login/x/again", "/login/x/cancel"]


def test_a_refusal_without_a_known_portal_sends_the_person_to_where_they_came_from() -> None:
    page = Reader(render_refusal(RefusalView(language=Language.ENGLISH, reason="unknown_nonce", incident="7KQ2-9XMB")))
    assert page.all("form") == []
    assert "Open the portal you came from and start signing in again." in page.text


def test_a_way_back_can_be_a_plain_link() -> None:
    view = replace(REFUSAL, return_action=None, return_url="https://portal.example/")
    assert "https://portal.example/" in [link["href"] for link in Reader(render_refusal(view)).all("a")]
    notice = NoticeView(
        language=Language.ENGLISH, notice=Notice.SIGNED_OUT, portal="Auctions", return_url="https://portal.example/"
    )
    assert "Back to Auctions" in Reader(render_notice(notice)).text


def test_each_notice_is_sent_with_the_status_it_is_about() -> None:
    assert {notice: int(notice.status) for notice in Notice} == {
        Notice.ALREADY_SIGNED_IN: 200,
        Notice.SIGNED_OUT: 200,
        Notice.NOT_COMPLETED: 405,
        Notice.NOT_FOUND: 404,
        Notice.NOT_HERE: 404,
        Notice.TOO_MANY: 429,
        Notice.TRY_AGAIN: 503,
    }


def test_templates_are_compiled_once_and_never_while_a_person_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    prepare_pages()
    compiled = []
    monkeypatch.setattr(templating.Environment, "compile", lambda *_, **__: compiled.append(1))
    for language in Language:
        for _ in range(20):
            every_page(language)
    assert compiled == []


def test_a_departure_is_cheap() -> None:
    """The target is 60 µs; a quarter of a millisecond is what a loaded machine may need."""
    view = replace(DEPARTURE, departure=replace(FORM, fields=tuple((f"VK_{n}", "vērtība" * 5) for n in range(13))))
    render_departure(view)
    best = min(_seconds_for(view) for _ in range(50))
    assert best < 250e-6


def _seconds_for(view: DepartureView) -> float:
    began = perf_counter()
    render_departure(view)
    return perf_counter() - began
