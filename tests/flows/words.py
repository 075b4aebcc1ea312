"""What the controls on the way are called, in both languages: a person finds them by their names."""

from dataclasses import dataclass

from providers.contract import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The names of the controls that a login passes, as they are read out."""

    language: Language
    sign_in: str
    bank: str
    to_bank: str
    user_number: str
    password: str
    app: str
    code: str
    proceed: str
    agree: str
    cancel: str
    cancel_and_return: str
    my_entry: str
    sign_out: str
    another_way: str
    forget: str


LATVIAN = Words(
    language=Language.LATVIAN,
    sign_in="Pieteikties",
    bank="Paraugbanka (testa banka)",
    to_bank="Turpināt uz Paraugbanka (testa banka)",
    user_number="Lietotāja numurs",
    password="Parole",
    app="Bankas lietotne tālrunī",
    code="Kods (seši cipari)",
    proceed="Turpināt",
    agree="Piekrītu",
    cancel="Atcelt",
    cancel_and_return="Atcelt un atgriezties",
    my_entry="Mans ieraksts",
    sign_out="Iziet",
    another_way="Izvēlēties citu pieteikšanās veidu",
    forget="Aizmirst šajā ierīcē",
)
ENGLISH = Words(
    language=Language.ENGLISH,
    sign_in="Sign in",
    bank="Paraugbanka (mock bank)",
    to_bank="Continue to Paraugbanka (mock bank)",
    user_number="User number",
    password="Password",
    app="The bank's app on your phone",
    code="Code (six digits)",
    proceed="Continue",
    agree="I agree",
    cancel="Cancel",
    cancel_and_return="Cancel and return",
    my_entry="My entry",
    sign_out="Sign out",
    another_way="Choose another way to sign in",
    forget="Forget it on this device",
)
WORDS = (LATVIAN, ENGLISH)
