"""The app on the same device sends the browser back (eid-providers.md 10.7); the result counts for nobody before."""

from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from providers.contract import AppPage
from providers.errors import AssertionRejected, ProviderError
from tests.providers.smart_id.setting import ANNA, Setting, Visits
from tests.support.telephone import way_back


@pytest.fixture
def visits(setting: Setting) -> Visits:
    return Visits(setting.provider())


def returned(setting: Setting, visits: Visits) -> str:
    return way_back(setting.telephone.answer_link(visits.tapped(), ANNA))


def with_parameter(address: str, name: str, value: str) -> str:
    query = dict(parse_qsl(urlsplit(address).query)) | {name: value}
    return f"{address.partition('?')[0]}?{urlencode(query)}"


def test_our_page_does_not_finish_it(setting: Setting, visits: Visits) -> None:
    returned(setting, visits)
    for _ in range(60):
        assert isinstance(visits.visit(), AppPage)
    assert visits.answered is None


@pytest.mark.parametrize(
    ("name", "reason"),
    [("value", "wrong_browser"), ("sessionSecretDigest", "bad_signature"), ("userChallengeVerifier", "bad_signature")],
)
def test_10_7_what_belongs_to_another_session_is_refused(
    setting: Setting, visits: Visits, name: str, reason: str
) -> None:
    other = Visits(setting.provider())
    theirs = dict(parse_qsl(urlsplit(returned(setting, other)).query))
    value = theirs[name]
    if name == "value":
        value = visits.request.reference + value[32:]
    address = with_parameter(returned(setting, visits), name, value)
    with pytest.raises(ProviderError) as refused:
        visits.identify(visits.returned(address))
    assert refused.value.reason == reason
    assert refused.value.reference == visits.request.reference


@pytest.mark.parametrize("name", ["value", "sessionSecretDigest", "userChallengeVerifier"])
def test_an_address_without_a_parameter_is_malformed_and_ends_no_login(
    setting: Setting, visits: Visits, name: str
) -> None:
    address = with_parameter(returned(setting, visits), name, "")
    with pytest.raises(AssertionRejected) as refused:
        visits.receive(visits.returned(address))
    assert refused.value.reason == "malformed"
    assert refused.value.reference is None


@pytest.mark.parametrize("more", ["&value=x", "&sessionSecretDigest=x", "&userChallengeVerifier=", "&a=1" * 30])
def test_a_parameter_that_stands_twice_or_too_many_are_malformed(setting: Setting, visits: Visits, more: str) -> None:
    with pytest.raises(ProviderError) as refused:
        visits.receive(visits.returned(returned(setting, visits) + more))
    assert refused.value.reason == "malformed"


def test_10_7_the_address_counts_once(setting: Setting, visits: Visits) -> None:
    arrival = visits.returned(returned(setting, visits))
    first, second = visits.receive(arrival), visits.receive(arrival)
    assert first.single_use == second.single_use != frozenset()


def test_the_address_is_another_for_each_login(setting: Setting) -> None:
    addresses = {returned(setting, Visits(setting.provider())).partition("&")[0] for _ in range(2)}
    assert len(addresses) == 2


def test_whoever_comes_back_before_the_app_has_answered_is_not_signed_in(setting: Setting, visits: Visits) -> None:
    """The result is still RUNNING: somebody made the address up, or the app opened it too early."""
    visits.tapped()
    from providers.smart_id.memory import read_memory

    callback = read_memory(visits.memory).callback
    with pytest.raises(ProviderError) as refused:
        visits.identify(visits.returned(f"{callback}&sessionSecretDigest=x&userChallengeVerifier=y"))
    assert refused.value.reason == "bad_signature"


def test_10_8_a_result_of_the_other_flow_is_not_trusted(setting: Setting, visits: Visits) -> None:
    """A link on this device was scanned from somebody's screen and relayed: its flowType says so."""
    link = visits.tapped()
    setting.switch("sid.other-flow")
    address = way_back(setting.telephone.answer_link(link, ANNA))
    with pytest.raises(ProviderError) as refused:
        visits.identify(visits.returned(address))
    assert refused.value.reason == "not_trusted"
