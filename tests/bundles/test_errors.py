"""Errors of bundles: one sentence, or a list with its remedy below."""

from components.bundles.errors import BundleError, all_of


def test_a_single_error_is_one_line():
    assert str(BundleError("It is broken.", "Mend it.")) == "It is broken. Mend it."
    assert str(BundleError("It is broken.")) == "It is broken."


def test_many_stand_one_a_line():
    error = all_of("Unable to do it", ["a: gone.", "b: changed."], "Mend both.")
    assert str(error) == "Unable to do it:\n  a: gone.\n  b: changed.\nMend both."
    assert error.remedy == "Mend both."
