"""Pods that really burn processors, beside the HorizontalPodAutoscaler on a twin of theirs."""

import datetime as dt

import pytest

from tests.e2e.vertice.world import CPU, PATIENCE, QUICK, REQUEST
from tests.kit.eventually import eventually_blocking

pytestmark = pytest.mark.timeout(420)
BOTH = ("web", "twin")
MOST = 6
PEAK, CALM = 2.8 * REQUEST, 0.8 * REQUEST
"""For three pods, well within the tolerance; for one, whatever it was measured in between."""
SERVED = range(111)
"""Per cent of its target that each pod uses where there are as many as the load needs."""
ANY = range(1000)
AT_PEACE = {"WithinTolerance", "AtMinimum"}
REMEDY = "see whether metrics-server runs: kubectl get apiservice v1beta1.metrics.k8s.io"


class Course:
    """How many pods ours and the other were to have, at each change, and what was done to them."""

    def __init__(self, loaded):
        self._loaded = loaded
        self._began = dt.datetime.now(dt.UTC)
        self.steps = [self.now()]

    def now(self):
        """Return both numbers."""
        return tuple(map(self._loaded.replicas, BOTH))

    def note(self, what):
        """Note something, with the seconds that have passed."""
        seconds = (dt.datetime.now(dt.UTC) - self._began).total_seconds()
        self.steps += [f"{seconds:.1f} s", what]

    def reaches(self, replicas, *, used=ANY):
        """Wait until both have so many ready pods and want no others, which use so much.

        A sample that was begun when there were fewer may ask for one too many in between.
        """

        def look():
            now = self.now()
            if now not in self.steps[-1:]:
                self.note(now)
            _, theirs = self._loaded.used()
            return (
                self._loaded.agreed(),
                (theirs, theirs in used),
                self._loaded.decided(),
                self.steps,
            )

        def is_so(found):
            agreed, (_, is_used), decided, _ = found
            return agreed == (replicas,) * 6 and is_used and decided in AT_PEACE

        eventually_blocking(look, where=is_so, within=PATIENCE)


def test_it_follows_a_load_as_the_other_autoscaler_does(loaded, real, capsys):
    """Up, held by both while nothing is measured, though there is less to do; then down."""
    for name in BOTH:
        loaded.run(name)
        loaded.give(name, cores=PEAK)
    loaded.create(maxReplicas=MOST, metrics=[CPU], behavior=QUICK)
    loaded.beside(most=MOST)
    course = Course(loaded)
    course.reaches(3, used=SERVED)

    course.note("metrics-server is killed")
    real.kill("metrics-server")
    for name in BOTH:
        loaded.give(name, cores=CALM)
    eventually_blocking(
        lambda: loaded.condition("ScalingActive"),
        equals=("False", "MetricsMissing"),
        within=PATIENCE,
    )
    course.note("ours says so")
    assert REMEDY in loaded.error()
    eventually_blocking(lambda: is_blind(loaded.theirs()), within=PATIENCE)
    assert (3, 3) == course.now()

    course.note("metrics-server runs again")
    real.restart("metrics-server")
    course.note(course.now())
    course.reaches(1)
    with capsys.disabled():
        print(f"\npods of ours and of the other: {course.steps}")


def is_blind(theirs):
    """Whether the other autoscaler says that it cannot read its metric."""
    return any(
        (each["type"], each["status"]) == ("ScalingActive", "False")
        for each in theirs["conditions"]
    )
