"""The form of an entry's details. It has no field for who the person is: that comes from the login alone."""

from collections.abc import Mapping
from typing import Final

from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import EmailField, SelectChoice, SelectField, StringField, TelField  # type: ignore[import-untyped]  # the library carries no types

from portals.auctions.details import Details, DetailsRefused, DocumentType, Problem, parse_details


class ForeignField(Exception):
    """A form was sent with a field that the page does not have, such as a name or a personal code."""


DOCUMENT_NAMES: Final = {
    DocumentType.PASSPORT: lazy_gettext("Passport"),
    DocumentType.IDENTITY_CARD: lazy_gettext("Identity card (eID)"),
    DocumentType.FOREIGN_DOCUMENT: lazy_gettext("Document issued by another country"),
}

PROBLEM_TEXTS: Final = {
    Problem.ADDRESS_MISSING: lazy_gettext("Give the declared address, or the actual one if nothing is declared."),
    Problem.DOCUMENT_TYPE_MISSING: lazy_gettext("Choose the kind of document."),
    Problem.DOCUMENT_NUMBER_MISSING: lazy_gettext("Give the number of the document."),
    Problem.DOCUMENT_NUMBER_UNREADABLE: lazy_gettext("Write the number as on the document, for example PA1234567."),
    Problem.ACCOUNT_MISSING: lazy_gettext("Give the account to which a deposit is paid back."),
    Problem.ACCOUNT_UNREADABLE: lazy_gettext(
        "This is not an IBAN. A Latvian one has 21 characters and begins with LV."
    ),
    Problem.ACCOUNT_MISTYPED: lazy_gettext("The check digits of this IBAN do not fit: a character is mistyped."),
    Problem.EMAIL_UNREADABLE: lazy_gettext("Write one e-mail address, for example name@example.lv, or leave it empty."),
    Problem.TELEPHONE_UNREADABLE: lazy_gettext("Write the number with digits, for example +371 20000000."),
    Problem.TOO_LONG: lazy_gettext("This is too long."),
    Problem.CONTROL_CHARACTER: lazy_gettext("Remove line breaks and other invisible characters."),
}


class DetailsForm(FlaskForm):  # type: ignore[misc]  # the library carries no types
    """What the person writes into their entry (AUC-REG-07 to AUC-REG-10)."""

    declared_address = StringField(
        lazy_gettext("Declared address of residence"), description=lazy_gettext("Leave empty if you have none.")
    )
    actual_address = StringField(
        lazy_gettext("Actual address of residence"),
        description=lazy_gettext("Only if you have no declared address or live elsewhere. Letters go here."),
    )
    document_type = SelectField(
        lazy_gettext("Kind of document"),
        choices=[
            SelectChoice("", lazy_gettext("Choose")),
            *(SelectChoice(kind.value, name) for kind, name in DOCUMENT_NAMES.items()),
        ],
        validate_choice=False,
    )
    document_number = StringField(lazy_gettext("Document number"))
    account = StringField(
        lazy_gettext("Account number (IBAN)"), description=lazy_gettext("A deposit is paid back to this account.")
    )
    email = EmailField(lazy_gettext("E-mail (optional)"))
    telephone = TelField(lazy_gettext("Telephone (optional)"))

    def details(self) -> Details | None:
        """The details written, or nothing after saying beside each field what is wrong with it."""
        try:
            return parse_details({name: field.data or "" for name, field in self._written().items()})
        except DetailsRefused as refused:
            self._say(refused.problems)
            return None

    def _written(self) -> Mapping[str, StringField]:
        return {field.short_name: field for field in self if field.short_name != "csrf_token"}

    def _say(self, problems: Mapping[str, Problem]) -> None:
        for name, problem in problems.items():
            self[name].errors = [str(PROBLEM_TEXTS[problem])]


def refuse_foreign_fields(form: FlaskForm, sent: MultiDict[str, str]) -> None:
    """A form is taken only as the page gave it out.

    Raises:
        ForeignField: it has another field; identity is never taken from a browser (AUC-REG-02).
    """
    if set(sent) - {field.short_name for field in form}:
        raise ForeignField("a form with fields that are not on the page")


def document_name(kind: DocumentType) -> str:
    """The kind of a document in the person's language."""
    return str(DOCUMENT_NAMES[kind])
