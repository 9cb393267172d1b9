"""When each job of a flow is due: schedules, missed times, waits after failures, and what somebody asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import attrs

from pullpush_sdk.project import Every, Schedule

_SPREAD = 0.1
_MOST_SPREAD = 10.0
_FIRST_WAIT = 5.0
_LONGEST_WAIT = 300.0


@attrs.define(kw_only=True)
class _Job:
    schedule: Schedule
    due: datetime | None
    failures: int = 0
    asked: bool = False


class Timetable:
    """The due times of one flow's jobs. Nothing in here waits or reads a clock: times come in as aware UTC.

    `schedules` name the jobs in their order; `last` is when each began last, as far as known. Times that were missed
    are made up for once, not one by one. A job that is not known to have run is due at once where it runs every so
    often, and at its next time where it has a cron expression. `share`, from 0 to 1, puts times off by that part of a
    tenth of their interval (at most ten seconds), so that flows do not fire together while the jobs of one flow keep
    their order.
    """

    def __init__(
        self, schedules: Mapping[str, Schedule], last: Mapping[str, datetime], *, now: datetime, share: float
    ) -> None:
        self._share = share
        self._jobs = {name: _Job(schedule=each, due=self._first(each, last.get(name), now)) for name, each in
                      schedules.items()}  # fmt: skip

    def due(self, now: datetime) -> list[str]:
        """The jobs to run now, in order."""
        return [name for name, job in self._jobs.items() if job.asked or ((at := self._due(job, now)) and at <= now)]

    def next(self, name: str, now: datetime) -> datetime | None:
        """When a job is due, None where only somebody's asking makes it so."""
        job = self._jobs[name]
        return now if job.asked else self._due(job, now)

    def wait(self, now: datetime) -> float | None:
        """Seconds until the first job is due, None where none is by itself."""
        times = [at for name in self._jobs if (at := self.next(name, now)) is not None]
        return max((min(times) - now).total_seconds(), 0.0) if times else None

    def ask(self, names: Iterable[str]) -> None:
        """Somebody wants these now."""
        for name in names:
            self._jobs[name].asked = True

    def began(self, name: str, at: datetime) -> None:
        """A job starts; its next time counts from here."""
        job = self._jobs[name]
        job.asked = False
        job.due = self._put_off(job.schedule, job.schedule.next(at))

    def failed(self, name: str, at: datetime, *, after: float | None = None) -> None:
        """A job ended in a failure that is likely to pass: it comes again after a growing wait, or when the platform
        wants (`after` seconds), whatever its schedule says.
        """
        job = self._jobs[name]
        wait = min(_FIRST_WAIT * 2 ** min(job.failures, 20), _LONGEST_WAIT)
        job.failures += 1
        job.due = at + timedelta(seconds=max(wait, after or 0.0))

    def went(self, name: str) -> None:
        """A job ended well."""
        self._jobs[name].failures = 0

    def _first(self, schedule: Schedule, last: datetime | None, now: datetime) -> datetime | None:
        if last is None:
            return now if isinstance(schedule, Every) else self._put_off(schedule, schedule.next(now))
        due = schedule.next(min(last, now))
        return None if due is None else self._off(schedule, max(due, now))

    def _put_off(self, schedule: Schedule, due: datetime | None) -> datetime | None:
        """A time of a cron expression is everybody's; an interval is each flow's own from its first time on."""
        return due if due is None or isinstance(schedule, Every) else self._off(schedule, due)

    def _off(self, schedule: Schedule, due: datetime) -> datetime:
        later = schedule.next(due)
        interval = (later - due).total_seconds() if later is not None else 0.0
        return due + timedelta(seconds=self._share * min(interval * _SPREAD, _MOST_SPREAD))

    def _due(self, job: _Job, now: datetime) -> datetime | None:
        """The job's due time; a wall clock that was set back does not put it off."""
        if job.due is None:
            return None
        latest = job.schedule.next(now)
        if latest is None:
            return job.due
        latest = self._off(job.schedule, latest)
        if job.due > latest and not job.failures:
            job.due = latest
        return job.due
