"""Whose place a newcomer takes."""

import pytest

from recorder.wire.places import (
    CLIENT_LIMIT,
    CLIENTS_EACH,
    KEPT_FOR_OWNER,
    SCREENS_EACH,
    Full,
    Place,
    require_screen_place,
    whose_place,
)

OWNER, ONE, OTHER = 0, 1001, 1002
SCREEN = ("status",)


def places(uid: int, count: int, **what: bool | tuple[str, ...]) -> list[Place]:
    return [Place(uid, float(at), **what) for at in range(count)]  # type: ignore[arg-type]


def test_there_is_room_for_everybody_at_first() -> None:
    assert whose_place(ONE, places(OTHER, 5), (OWNER,)) is None


def test_an_account_that_has_its_share_replaces_its_own() -> None:
    mine, others = places(ONE, CLIENTS_EACH), places(OTHER, 1)
    assert whose_place(ONE, [*others, *mine], (OWNER,)) is mine[0]


def test_one_that_never_asked_goes_before_one_that_did() -> None:
    asked, silent = places(ONE, CLIENTS_EACH - 1, has_asked=True), Place(ONE, 99.0)
    assert whose_place(ONE, [*asked, silent], (OWNER,)) is silent
    oldest = Place(ONE, -1.0, has_asked=True)
    assert whose_place(ONE, [*asked, oldest], (OWNER,)) is oldest


def test_the_last_places_are_the_owners() -> None:
    full = CLIENT_LIMIT - KEPT_FOR_OWNER
    taken = places(ONE, full // 2, topics=SCREEN) + places(OTHER, full // 2, topics=SCREEN)
    assert whose_place(OWNER, taken, (OWNER,)) is None
    with pytest.raises(Full, match="56 clients"):
        whose_place(1003, taken, (OWNER,))


@pytest.mark.parametrize("use", [{"topics": SCREEN}, {"is_answered": True}])
def test_whoever_is_of_use_stays(use: dict[str, bool | tuple[str, ...]]) -> None:
    with pytest.raises(Full, match="56 clients"):
        whose_place(ONE, places(ONE, CLIENTS_EACH, **use), (OWNER,))


def test_subscriptions_leave_an_account_places_to_ask_from() -> None:
    screens = places(ONE, SCREENS_EACH, topics=SCREEN)
    require_screen_place(screens[0], screens)
    require_screen_place(Place(OTHER, 0.0), screens)
    with pytest.raises(Full, match="50 screens"):
        require_screen_place(Place(ONE, 0.0), screens)
    assert SCREENS_EACH < CLIENTS_EACH <= CLIENT_LIMIT - KEPT_FOR_OWNER
