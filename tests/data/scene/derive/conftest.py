"""What both kinds of tests of derivations share."""

import pytest

from data.scene.derive.words import clause, named


@pytest.fixture(scope="session")
def check_links(judge):
    """``check_links(built, derivation)``: judge every link on measured sizes; return the links' rules.

    Also those that no label leads to: what a rule claims is true of the coordinates.
    """

    def check(built, derivation):
        measure, seen, rules = judge(built.scene), {}, []
        for link in derivation.links:
            sizes = [measure.quantity(named(q)) for q in link.inputs]
            text, target = link.formula.text, measure.quantity(named(link.target))
            if link.rule.endswith("° triangle") and abs(sizes[0] - int(link.rule[:2])) > 1e-6:
                continue  # a rule for another angle
            if text:
                text = text.format(*(f"({size!r})" for size in sizes))
                assert target == pytest.approx(measure.value(text)), link
            else:
                assert target == pytest.approx(sizes[0] if sizes else float(link.formula.solve())), link
            for premise in link.because:
                words = premise if isinstance(premise, str) else clause(premise)
                seen[words] = seen.get(words) or measure.holds(words)
            rules.append(link.rule)
        return rules

    return check
