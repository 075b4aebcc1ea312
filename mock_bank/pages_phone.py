"""The simulated phone: what the bank's app shows a customer, who compares the control code and types the PIN."""

from http import HTTPStatus

from flask import Blueprint, Response, abort, request

from mock_bank.login_states import Login, Problem
from mock_bank.web import the_bank, tool

pages = Blueprint("phone", __name__, url_prefix="/app/<user_number>")


@pages.get("")
def waiting(user_number: str) -> Response:
    """Logins that wait for this customer's word."""
    return _phone(user_number)


def _phone(number: str, problem: Problem | None = None, done: str = "") -> Response:
    bank = the_bank()
    if number not in bank.personas:
        abort(HTTPStatus.NOT_FOUND, "no customer has this number")
    status = HTTPStatus.OK if problem is None else HTTPStatus.FORBIDDEN
    return tool(
        "phone.html",
        status,
        person=bank.personas[number],
        waiting=bank.desk.waiting_for(number),
        problem=problem,
        done=done,
    )


@pages.post("")
def decide(user_number: str) -> Response:
    """The customer approves with the PIN (knowledge) on the phone (possession), or rejects."""
    bank, form = the_bank(), request.form
    login = _asked_of(user_number, form.get("login", ""))
    approve = form.get("decision") == "approve"
    problem = bank.desk.approve_in_app(login, form.get("pin", ""), approve=approve, faults=bank.faults_for(login))
    if problem is Problem.REJECTED_IN_APP:
        bank.record(login, "refused")
        return _phone(user_number, done="rejected")
    return _phone(user_number, problem=problem, done="" if problem else "approved")


def _asked_of(number: str, login_id: str) -> Login:
    login = next((each for each in the_bank().desk.waiting_for(number) if each.id == login_id), None)
    if login is None:
        abort(HTTPStatus.NOT_FOUND, "this login does not wait for this customer")
    return login
