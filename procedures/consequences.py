"""What follows from an event: clocks heed it, notices go out, obligations begin, the system acts."""

from procedures.acting import act_by_itself
from procedures.case import RequestState
from procedures.clocking import event_happened, pause, resume
from procedures.course import Course
from procedures.obligations import begin
from procedures.performing import queue
from procedures.terms import Clock, Request


def settle(course: Course) -> None:
    """Let everything follow from what has happened, until nothing more does; the system takes each action once."""
    while course.to_follow:
        name = course.to_follow.pop(0)
        _clocks(course, name)
        _notices(course, name)
        for obligation in course.procedure.obligations:
            if obligation.anchor == name:
                begin(course, obligation)
        for action in course.procedure.actions:
            if name in action.on and action.id not in course.taken:
                act_by_itself(course, action)


def _clocks(course: Course, name: str) -> None:
    for request in course.procedure.requests:
        _pausing(course, request, name)
    for clock in course.procedure.clocks:
        event_happened(course, clock, name)


def _pausing(course: Course, request: Request, name: str) -> None:
    for clock in request.pauses:
        if name == f"{request.id}.sent":
            pause(course, clock)
        elif name in (f"{request.id}.answered", f"{request.id}.lapsed") and not _waits(course, clock):
            resume(course, clock)


def _waits(course: Course, clock: Clock) -> bool:
    pausing = {request.id for request in course.procedure.requests if clock in request.pauses}
    return any(sent.state is RequestState.OPEN and sent.request in pausing for sent in course.case.requests)


def _notices(course: Course, name: str) -> None:
    for notice in course.procedure.notices:
        if notice.on == name:
            for role in notice.to:
                queue(course, kind="notice", to=role.id, subject=notice.template, channel=notice.channel)
