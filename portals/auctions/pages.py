"""The register's pages: the front, and everything a person may do with their own entry."""

from collections.abc import Mapping

from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm

from portals.auctions.access import for_the_person_signed_in, is_signed_in, open_to_everyone, own_entry, own_subject
from portals.auctions.domain import Entry, EntryState
from portals.auctions.forms import DetailsForm, document_name, refuse_foreign_fields
from portals.auctions.portal import this_portal, this_session

pages = Blueprint("pages", __name__)


@pages.get("/")
@open_to_everyone
def front() -> ResponseReturnValue:
    """What the register is, and the way in (AUC-REG-01, AUC-REG-02)."""
    return render_template("front.html", ended=request.args.get("signed") == "out" and not is_signed_in())


@pages.get("/my-entry")
@for_the_person_signed_in
def my_entry() -> ResponseReturnValue:
    """The person's own entry, as the register holds it."""
    entry = own_entry()
    kind = document_name(entry.details.document_type) if entry.details else ""
    return render_template("my_entry.html", entry=entry, document=kind, saved=request.args.get("saved") == "yes")


@pages.get("/my-entry.json")
@for_the_person_signed_in
def my_entry_json() -> ResponseReturnValue:
    """The person's own entry for programs: the three fields byte for byte, and whether it is complete."""
    entry = own_entry()
    return jsonify(
        given_name=entry.given_name,
        family_name=entry.family_name,
        personal_code=str(entry.personal_code),
        state=entry.state,
    )


@pages.get("/my-entry/details")
@for_the_person_signed_in
def details() -> ResponseReturnValue:
    """The form of the written part: blank at first, later with what was written."""
    entry = own_entry()
    return _details_page(entry, DetailsForm(formdata=None, data=_written(entry)))


@pages.post("/my-entry/details")
@for_the_person_signed_in
def save_details() -> ResponseReturnValue:
    """Take the written part, if every rule is kept; who the person is cannot be sent (AUC-INT-34)."""
    form = DetailsForm()
    refuse_foreign_fields(form, request.form)
    entry, written = own_entry(), form.details()
    if written is None:
        return _details_page(entry, form), 422
    this_portal().register.amend(entry.id, written, subject=own_subject())
    return redirect(url_for("pages.my_entry", saved="yes"), code=303)


@pages.get("/my-entry/delete")
@for_the_person_signed_in
def ask_before_deleting() -> ResponseReturnValue:
    """What deleting means, and the button that does it."""
    return render_template("delete.html", entry=own_entry(), form=FlaskForm())


@pages.post("/my-entry/delete")
@for_the_person_signed_in
def delete() -> ResponseReturnValue:
    """Delete the entry (AUC-REG-11, AUC-INT-34); with it goes the session."""
    refuse_foreign_fields(FlaskForm(), request.form)
    this_portal().register.delete(own_entry().id, subject=own_subject())
    this_session().begin_anew(this_portal().clock())
    return redirect(url_for("sign_in.signed_out", deleted="yes"), code=303)


@pages.get("/health/live")
@open_to_everyone
def live() -> ResponseReturnValue:
    """Whether this process answers."""
    return Response("ok\n", mimetype="text/plain")


@pages.get("/health/ready")
@open_to_everyone
def ready() -> ResponseReturnValue:
    """Whether this process can use its database; the gateway is not asked."""
    with this_portal().engine.connect() as connection:
        connection.exec_driver_sql("SELECT 1 FROM entries LIMIT 1")
    return Response("ok\n", mimetype="text/plain")


def _details_page(entry: Entry, form: DetailsForm) -> str:
    first_time = entry.state is EntryState.INCOMPLETE
    return render_template("details.html", entry=entry, form=form, first_time=first_time)


def _written(entry: Entry) -> Mapping[str, str]:
    return entry.details.as_fields() if entry.details else {}
