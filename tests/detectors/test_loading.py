from importlib.metadata import EntryPoint

import pytest

from consentry.config import HttpSlot, ModelOverride, Settings
from consentry.detectors import loading
from consentry.detectors.contract import ENTRY_POINT_GROUP
from consentry.detectors.loading import load_detectors
from consentry.detectors.missing import MissingDetector
from consentry.errors import ConfigError, DetectorError
from consentry.findings import Stage
from consentry.media.prompt import Prompt

HERE = "tests.support.plugins"
BUILT_IN = {
    "faces": "consentry.detectors.faces:FaceDetector",
    "age": "consentry.detectors.age:AgeDetector",
    "explicitness": "consentry.detectors.explicitness:ExplicitnessDetector",
    "http": "consentry.detectors.http_slot:HttpSlotDetector",
}


@pytest.fixture
def offer(monkeypatch):
    """Put entry points in the place of the installed ones."""

    def put(**points):
        offered = [EntryPoint(name, value, ENTRY_POINT_GROUP) for name, value in points.items()]
        monkeypatch.setattr(
            loading, "entry_points", lambda group: offered * (group == ENTRY_POINT_GROUP)
        )

    return put


def names(detectors):
    return [one.name for one in detectors]


def test_the_installed_package_offers_the_built_in_detectors():
    roster = load_detectors(Settings())
    assert {"age", "explicitness", "faces"} <= set(names(roster.active))
    assert roster.disabled == ()


def test_the_order_is_fixed_and_what_is_needed_comes_first(offer):
    offer(**BUILT_IN)
    order = names(load_detectors(Settings()).active)
    assert order == names(load_detectors(Settings()).active)
    assert order.index("faces") < order.index("age")


def test_what_is_disabled_is_reported_and_not_active(offer):
    offer(**BUILT_IN)
    roster = load_detectors(Settings(detectors={"disabled": ("explicitness",)}))
    assert names(roster.disabled) == ["explicitness"]
    assert set(names(roster.active)) == {"age", "faces"}


def test_disabling_what_does_not_exist_is_refused(offer):
    offer(**BUILT_IN)
    with pytest.raises(ConfigError, match="explicitnes, which"):
        load_detectors(Settings(detectors={"disabled": ("explicitnes",)}))


def test_an_override_of_no_model_is_refused(tmp_path):
    nothing = ModelOverride(file=tmp_path / "x", sha256="0" * 64)
    with pytest.raises(ConfigError, match="yunnet"):
        load_detectors(Settings(models={"yunnet": nothing}))


def test_a_plug_in_that_cannot_be_imported_is_missed_at_both_kinds(offer):
    offer(acme="no.such.module:Detector", **BUILT_IN)
    missed = [one for one in load_detectors(Settings()).active if one.name == "acme"]
    assert {one.kind for one in missed} == {"prompt", "picture"}
    assert all(one.stages == frozenset(Stage) for one in missed)
    for one in missed:
        with pytest.raises(DetectorError, match="acme could not be built"):
            one.detect(Prompt("tea"), {})
        with pytest.raises(DetectorError, match="acme could not be built"):
            one.warm_up()


def test_a_factory_that_raises_is_missed_by_its_own_name_and_kind(offer):
    offer(acme=f"{HERE}:Broken")
    (missed,) = load_detectors(Settings()).active
    assert isinstance(missed, MissingDetector)
    assert (missed.name, missed.kind, missed.stages) == ("broken", "prompt", {Stage.PROMPT})
    with pytest.raises(DetectorError, match="no ink left"):
        missed.detect(Prompt("tea"), {})


def test_what_is_missed_may_be_disabled(offer):
    offer(acme="no.such.module:Detector")
    roster = load_detectors(Settings(detectors={"disabled": ("acme",)}))
    assert names(roster.disabled) == ["acme", "acme"]
    assert roster.active == ()


def test_a_detector_that_refuses_its_settings_stops_the_start(offer):
    offer(acme=f"{HERE}:Refusing")
    with pytest.raises(ConfigError, match="there is no ink colour"):
        load_detectors(Settings())


@pytest.mark.parametrize(
    ("plugin", "fault"),
    [
        ("Nameless", "its name is not of the form"),
        ("Kindless", "its kind is neither prompt nor picture"),
        ("Stageless", "its stages are no frozenset"),
        ("Careless", "its categories are no frozenset"),
        ("Versionless", "its version is no text"),
        ("Needy", "its needs are no tuple"),
        ("Idle", "it has no detect"),
        ("Stiff", "its warm_up cannot be called"),
    ],
)
def test_a_plug_in_that_breaks_the_contract_is_named(offer, plugin, fault):
    offer(acme=f"{HERE}:{plugin}")
    with pytest.raises(ConfigError, match=f"acme.*{plugin}.*{fault}"):
        load_detectors(Settings())


def test_two_of_one_name_are_refused(offer):
    offer(one=f"{HERE}:Plain", two=f"{HERE}:Plain")
    with pytest.raises(ConfigError, match="Two detectors are called plain"):
        load_detectors(Settings())


def test_a_slot_may_not_take_the_name_of_a_built_in(offer):
    offer(**BUILT_IN)
    slot = HttpSlot(name="faces", url="http://127.0.0.1:9/", kind="picture", categories=("a.b",))
    with pytest.raises(ConfigError, match="Two detectors are called faces"):
        load_detectors(Settings(detectors={"http": (slot,)}))


def test_needing_what_does_not_exist_is_refused(offer):
    offer(age=BUILT_IN["age"])
    with pytest.raises(ConfigError, match="age needs faces"):
        load_detectors(Settings())


def test_needing_each_other_is_refused(offer):
    offer(hen=f"{HERE}:Hen", egg=f"{HERE}:Egg")
    with pytest.raises(ConfigError, match="need each other"):
        load_detectors(Settings())
