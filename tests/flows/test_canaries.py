"""T46, T53: names, codes, passwords, tokens and keys go through every flow, and are found in no log and in no answer of
the gateway's; in its database they stand only sealed."""

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, quote_plus, urlencode, urlsplit

import pytest
import requests

from gateway.demo.places import PROVIDER, Places
from tests.flows.walking import BY_NAME, Walk
from tests.support.driver import Lines, SignIn
from tests.support.relying_party import RelyingParty

pytestmark = pytest.mark.xdist_group("flows")

PERSONA = BY_NAME["Elīna Līga Šņēviča-Ūsiņa"]
"""A name long enough that no sealed bytes hold it by chance."""
FAULTS = ("bnk.bad-mac", "bnk.stale-datetime", "vbc.one-factor", "vbc.joined-name", "vbc.other-person", "vbc.garbage")


class Flows:
    """Goes every way a login can go, and keeps what must not be found afterwards."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.party = RelyingParty(places)
        self.answers: list[requests.Response] = []
        self.canaries: dict[str, str] = {
            "given name": PERSONA.given_name,
            "family name": PERSONA.family_name,
            "personal code": PERSONA.personal_code,
            "personal code without hyphen": PERSONA.personal_code.replace("-", ""),
            "password": PERSONA.password,
        }

    def walk(self, *faults: str) -> Walk:
        walk = Walk(self.places, PERSONA, faults)
        walk.browser.session.hooks["response"].append(self._keep)
        return walk

    def _keep(self, answer: requests.Response, *_: Any, **__: Any) -> None:
        if answer.url.startswith(self.places.issuer):
            self.answers.append(answer)

    def go_every_way(self) -> None:
        for fault in FAULTS:
            self.walk(fault).to_end()
        self._give_up()
        self._come_with_the_answer_twice()
        self._sign_in_and_misuse_everything()

    def _give_up(self) -> None:
        walk = self.walk()
        walk.to_choices()
        walk.browser.submit("/cancel")

    def _come_with_the_answer_twice(self) -> None:
        walk = self.walk()
        fields = walk.to_answer()
        target = walk.browser.form("/return/").action
        self.canaries["signature of the bank"] = fields["VK_MAC"]
        for _ in range(2):
            walk.browser.session.post(target, data=fields, timeout=30)
        walk.browser.session.post(f"{target}-4011", data=fields, timeout=30)
        walk.browser.session.post(target, data={**fields, "VK_OTHER": "x"}, timeout=30)

    def _sign_in_and_misuse_everything(self) -> None:
        login = SignIn(self.party, Lines.to(self.party), provider=PROVIDER)
        walk = self.walk()
        login.code = self._code(walk, login)
        issued = self._at_token(login.token_form())
        tokens = issued.json()
        self.canaries |= {
            "code": login.code,
            "access token": tokens["access_token"],
            "ID token": tokens["id_token"],
            "verifier": login.verifier,
            "browser cookie": walk.browser.session.cookies["__Host-vpm-browser"],
        }
        self._misuse(login, tokens, walk)

    def _code(self, walk: Walk, login: SignIn) -> str:
        """Sign the person in for a relying party whose code can be seen."""
        walk.browser.open(f"{self.places.issuer}{login.authorization_target()}")
        walk.browser.submit("/banklink")
        number, password = PERSONA.user_number, PERSONA.password
        walk.browser.submit("/login/", user_number=number, password=password, method="code-calculator")
        shown = re.search(r'id="calculator-code">\s*([0-9]{6})', walk.page.text)
        assert shown is not None
        walk.browser.submit("/code", code=shown[1])
        walk.browser.submit("/consent", decision="agree")
        form = walk.browser.form("/return/")
        session = walk.browser.session
        back = session.post(form.action, data=form.fields, allow_redirects=False, timeout=30)
        onward = f"{self.places.issuer}{back.headers['Location']}"
        handed_over = session.get(onward, allow_redirects=False, timeout=30)
        return parse_qs(urlsplit(handed_over.headers["Location"]).query)["code"][0]

    def _misuse(self, login: SignIn, tokens: dict[str, str], walk: Walk) -> None:
        form = login.token_form()
        assertion = dict(parse_qs(form.decode()))["client_assertion"][0]
        self.canaries["client assertion"] = assertion
        token = tokens["access_token"]
        assert self._userinfo({"Authorization": f"Bearer {token}"}).status_code == 200
        assert self._userinfo({}, f"?access_token={token}").status_code == 401
        assert self._userinfo({"Authorization": f"Bearer {token} {token}"}).status_code == 400
        for sent in (form, form, form + b"&client_secret=" + PERSONA.password.encode(), form.replace(b"=", b"\xff")):
            assert self._at_token(sent).status_code in {400, 401}
        self._at_token(b"", f"?{form.decode()}")
        for hint in (tokens["id_token"], tokens["id_token"][:-4], assertion, token):
            query = urlencode({"id_token_hint": hint, "post_logout_redirect_uri": f"https://{token}.test/"})
            walk.browser.session.get(f"{self.places.issuer}/oidc/logout?{query}", timeout=30)
            walk.browser.session.post(f"{self.places.issuer}/oidc/logout", data=query, timeout=30)
        for path in (f"/login/{login.code}", f"/{token}", f"/oidc/authorize?code={login.code}&client_id={token}"):
            walk.browser.session.get(f"{self.places.issuer}{path}", timeout=30)

    def _server(self) -> requests.Session:
        issued = self.places.pki / "issued" / "auctions-client"
        session = requests.Session()
        session.trust_env = False
        session.verify = str(self.places.root_certificate)
        session.cert = (str(issued / "certificate.pem"), str(issued / "key.pem"))
        return session

    def _at_token(self, form: bytes, query: str = "") -> requests.Response:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        with self._server() as session:
            return session.post(f"{self.places.mutual_tls}/oidc/token{query}", form, headers=headers, timeout=30)

    def _userinfo(self, headers: dict[str, str], query: str = "") -> requests.Response:
        with self._server() as session:
            return session.get(f"{self.places.mutual_tls}/oidc/userinfo{query}", headers=headers, timeout=30)


@pytest.fixture(scope="module")
def flows(places: Places) -> Flows:
    gone = Flows(places)
    gone.go_every_way()
    gone.canaries |= keys_of(places)
    assert len(gone.canaries) >= 20
    return gone


def keys_of(places: Places) -> dict[str, str]:
    """Give the secret part of every key file of the gateway as text: a line of a PEM, or the bytes in base64."""
    issued = places.pki / "issued"
    files = [*(places.root / "gateway" / "keys").iterdir(), places.root / "gateway" / "banklink.key"]
    files += [issued / name / "key.pem" for name in ("gateway", "gateway-client", "auctions-client")]
    secret = [path for path in files if path.suffix in {".key", ".pem"}]
    return {f"{path.parent.name}/{path.name}": _secret_part(path.read_bytes()) for path in secret}


def _secret_part(content: bytes) -> str:
    if content.startswith(b"-----"):
        return content.decode().splitlines()[1]
    return base64.b64encode(content).decode()


def spellings(canary: str) -> Iterator[bytes]:
    yield canary.encode()
    yield quote(canary, safe="").encode()
    yield quote_plus(canary).encode()
    yield json.dumps(canary)[1:-1].encode()
    yield canary.encode().hex().encode()
    yield base64.b64encode(canary.encode()).rstrip(b"=")[:-1]
    try:
        raw = base64.b64decode(canary, validate=True)
    except ValueError:
        return
    if len(raw) >= 16:
        yield raw
        yield raw.hex().encode()


def hits(content: bytes, canaries: dict[str, str]) -> list[str]:
    return [name for name, canary in canaries.items() if any(spelling in content for spelling in spellings(canary))]


def test_t46_the_search_would_find_each_of_them(flows: Flows) -> None:
    for name, canary in flows.canaries.items():
        for spelling in spellings(canary):
            assert name in hits(b"before " + spelling + b" after", flows.canaries)


@pytest.mark.parametrize("part", ["gateway", "bank", "auctions"])
def test_t46_no_log_holds_any_of_them(flows: Flows, part: str) -> None:
    written = (flows.places.root / part / f"{part}.log").read_bytes()
    assert hits(written, flows.canaries) == []


def test_t46_the_gateways_log_was_written_and_tells_the_flows(flows: Flows) -> None:
    written = (flows.places.root / "gateway" / "gateway.log").read_text(encoding="utf-8")
    assert '"route":"/oidc/token"' in written
    assert '"reason":"bad_signature"' in written
    assert "request.failed" not in written, "nothing that was tried ends in a fault"


def database_files(places: Places) -> list[Path]:
    return [path for path in (places.root / "gateway").iterdir() if path.name.startswith("gateway.db")]


def test_t46_no_byte_of_the_database_files_shows_any_of_them(flows: Flows) -> None:
    """Even where evidence and identities stand, since these are sealed: the files are searched as they lie on disk."""
    found = {path.name: hits(path.read_bytes(), flows.canaries) for path in database_files(flows.places)}
    assert len(found) >= 2
    assert not any(found.values()), found


def test_t53_no_bare_digest_of_a_personal_code_is_kept(flows: Flows) -> None:
    """Eleven digits are guessed in minutes: only keyed digests may stand anywhere."""
    code = PERSONA.personal_code
    plain = code.replace("-", "")
    spelled = (code, plain, f"PNOLV-{code}", f"PNOLV-{plain}", f"LV{plain}", f"LV/{plain}")
    digests = [hashlib.new(name, text.encode()) for text in spelled for name in ("md5", "sha1", "sha256", "sha512")]
    needles = [needle for found in digests for needle in (found.digest(), found.hexdigest().encode())]
    assert len(needles) == 48
    for path in database_files(flows.places):
        content = path.read_bytes()
        assert not [needle for needle in needles if needle in content], path.name


def test_t46_no_answer_of_the_gateways_to_a_browser_names_the_person_or_a_secret(flows: Flows) -> None:
    """But for what the protocol sends there: the code to the portal, the cookie to its browser."""
    sent_there = {"code", "browser cookie"}
    secret = {name: canary for name, canary in flows.canaries.items() if name not in sent_there}
    assert len(flows.answers) > 40
    for answer in flows.answers:
        shown = answer.content + str(answer.headers).encode()
        assert hits(shown, secret) == [], answer.url.partition("?")[0]
