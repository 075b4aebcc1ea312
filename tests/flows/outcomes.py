"""What a refused login shows to whom, in the same words for every protocol (eid-providers.md 4.3)."""

from gateway.web.messages import MESSAGES
from providers.contract import Language
from tests.flows.auditor import rules_of
from tests.flows.walking import Walk


def carries_three_fields(walk: Walk) -> None:
    """The person is signed in, and the portal received each field byte for byte."""
    walk.to_end()
    assert walk.signed_in, walk.page.text
    entry, persona = walk.entry, walk.persona
    assert entry["given_name"].encode() == persona.given_name.encode()
    assert entry["family_name"].encode() == persona.family_name.encode()
    assert entry["personal_code"].encode() == persona.personal_code.encode()


def ends_the_login(walk: Walk, reason: str) -> None:
    """Person, operator and portal learn it, and nobody's personal code is shown."""
    page = walk.to_end()
    assert page.url.startswith(walk.places.issuer)
    assert page.status_code == 400, page.text
    assert walk.persona.personal_code[:6] not in page.text
    assert walk.incident is not None
    assert MESSAGES[reason].person[Language.LATVIAN].title in page.text
    assert rules_of(walk.places, walk.incident)[-1] == reason
    told = walk.tell_the_portal()
    assert told["error"] == [MESSAGES[reason].relying_party.error]
    assert walk.persona.personal_code[:6] not in str(told)


def ends_no_login(walk: Walk, reason: str) -> None:
    """The message is refused and recorded; the login that it may name is still open."""
    walk.to_end()
    assert walk.page.status_code == 400
    assert walk.incident is not None
    assert rules_of(walk.places, walk.incident) == [reason]
    chosen = next(url for url in walk.browser.visited if "/login/" in url and url.startswith(walk.places.issuer))
    assert walk.browser.open(chosen).status_code == 200, "the login is still open"
