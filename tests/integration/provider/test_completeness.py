from sandbox.cqtai import effects
from sandbox.cqtai.effects import MediaFault
from tests.integration.delivery.test_files import UNATTACHABLE
from tests.integration.provider.test_poll_failures import EMPTY, OUTCOMES


def test_every_trouble_with_files_is_tried_here() -> None:
    assert set(UNATTACHABLE) | {MediaFault.REDIRECT, MediaFault.SLOW} == set(MediaFault)


def test_every_failure_that_the_provider_knows_is_tried_here() -> None:
    assert {*OUTCOMES, *EMPTY.values()} >= set(effects.FAILURE_TEXTS)
