"""Plug-ins of all sorts, most of them bad."""

from consentry.errors import ConfigError
from consentry.findings import Stage


class Plain:
    name = "plain"
    version = "1"
    kind = "prompt"
    stages = frozenset({Stage.PROMPT})
    needs = ()
    categories = frozenset({"acme.tea"})

    @classmethod
    def from_settings(cls, _settings):
        return [cls()]

    def warm_up(self):
        pass

    def detect(self, _subject, _seen):
        return []

    @classmethod
    def get_examples(cls):
        return []


class Broken(Plain):
    name = "broken"

    @classmethod
    def from_settings(cls, _settings):
        raise RuntimeError("no ink left")


class Refusing(Plain):
    @classmethod
    def from_settings(cls, _settings):
        raise ConfigError("there is no ink colour like that")


class Nameless(Plain):
    name = "Not A Name"


class Kindless(Plain):
    kind = "sound"


class Stageless(Plain):
    stages = ("prompt",)


class Careless(Plain):
    categories = frozenset()


class Versionless(Plain):
    version = 1


class Needy(Plain):
    needs = "faces"


class Idle:
    name = "idle"

    @classmethod
    def from_settings(cls, _settings):
        return [cls()]


class Stiff(Plain):
    warm_up = None


class Hen(Plain):
    name = "hen"
    needs = ("egg",)


class Egg(Plain):
    name = "egg"
    needs = ("hen",)
