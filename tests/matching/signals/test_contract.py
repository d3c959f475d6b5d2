"""Every signal type fulfils the contract."""

from consentry.matching.signals.digests import Md5, Sha256, VideoMd5
from consentry.matching.signals.pdq import Pdq
from consentry.matching.signals.testing import SignalContract
from consentry.matching.signals.video import VideoPdq


class TestPdq(SignalContract):
    signal_type = Pdq()


class TestVideoPdq(SignalContract):
    signal_type = VideoPdq()


class TestMd5(SignalContract):
    signal_type = Md5()


class TestVideoMd5(SignalContract):
    signal_type = VideoMd5()


class TestSha256(SignalContract):
    signal_type = Sha256()
