"""`check_attention`: right attentions pass, and each bug is caught by the property that names it."""

import pytest
from attention_mutants import MUTANTS, RIGHT

from attention_helpers.conformance import check_attention, properties

NAMES = [each.name for each in properties()]


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_attention_passes(name):
    attention, options = RIGHT[name]
    report = check_attention(attention, **options)
    assert report.passed, str(report)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_wrong_attention_is_caught_by_the_property_that_names_it(mutant):
    only = {"shapes", mutant.caught_by}
    report = check_attention(mutant.attention, only=only, **mutant.options)
    assert mutant.caught_by in report.failures, str(report)


def test_every_property_catches_a_bug():
    assert {mutant.caught_by for mutant in MUTANTS} == {*NAMES}
