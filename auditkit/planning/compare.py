"""What changed between two audits: findings new, gone and changed, settings, and risk before and after."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from auditkit.checks import in_order, reaches
from auditkit.model.audit import Finding, Severity, Strategy
from auditkit.model.noun import Noun
from auditkit.model.system import Policy
from auditkit.planning.overlay import settings


class ChangedFinding(Noun):
    """One finding in both audits, graver, milder, surer or less sure than before."""

    check: str
    subject: str
    before: Finding
    after: Finding


class ChangedSetting(Noun):
    """One figure of one dependency: `timeout`, `retry`, `circuit_breaker` or `bulkhead`; None where it was not there."""

    dependency: str
    setting: str
    where: str
    """`today` for what is configured, `proposed` for what the strategy proposes."""
    before: str | None
    after: str | None


class Risk(Noun):
    """Single points of failure and the mean share of value that a single failure takes, of one audit."""

    single_points: tuple[str, ...] = ()
    mean_loss: float | None = None
    findings: dict[Severity, int]


class RiskChange(Noun):
    """Risk of the older and of the newer audit."""

    before: Risk
    after: Risk


class Comparison(Noun):
    """Everything that is different in the newer of two audits."""

    new: tuple[Finding, ...] = ()
    gone: tuple[Finding, ...] = ()
    changed: tuple[ChangedFinding, ...] = ()
    settings: tuple[ChangedSetting, ...] = ()
    risk: RiskChange

    def has_new(self, threshold: Severity) -> bool:
        """Whether anything new, or graver than before, is at least as grave as the threshold."""
        graver = [c.after for c in self.changed if reaches([c.after], threshold) and not reaches([c.before], threshold)]
        return reaches([*self.new, *graver], threshold)


def compare(old: Strategy, new: Strategy) -> Comparison:
    """What changed from one strategy to another; equal ones give an empty comparison.

    >>> compare(Strategy(system="s"), Strategy(system="s")).new
    ()
    """
    before, after = {f.key: f for f in old.findings}, {f.key: f for f in new.findings}
    both = [(before[key], finding) for key, finding in after.items() if key in before]
    return Comparison(
        new=_sorted(f for key, f in after.items() if key not in before),
        gone=_sorted(f for key, f in before.items() if key not in after),
        changed=tuple(
            ChangedFinding(check=now.check, subject=now.subject, before=was, after=now)
            for was, now in sorted(both, key=lambda pair: in_order(pair[1]))
            if (was.severity, was.certainty) != (now.severity, now.certainty)
        ),
        settings=(*_settings(old, new, "today"), *_settings(old, new, "proposed")),
        risk=RiskChange(before=_risk(old), after=_risk(new)),
    )


def _sorted(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=in_order))


def _settings(old: Strategy, new: Strategy, where: str) -> list[ChangedSetting]:
    before, after = _policies(old, where), _policies(new, where)
    changed = []
    for dependency in sorted({*before, *after}):
        was, now = before.get(dependency, {}), after.get(dependency, {})
        for setting in sorted({*was, *now}):
            if was.get(setting) != now.get(setting):
                pair = (was.get(setting), now.get(setting))
                changed.append(ChangedSetting(dependency=dependency, setting=setting, where=where, before=pair[0], after=pair[1]))
    return changed


def _policies(strategy: Strategy, where: str) -> dict[str, Mapping[str, str]]:
    policies = {p.dependency: p.today if where == "today" else settings(p) for p in strategy.policies}
    return {dependency: _words(policy) for dependency, policy in policies.items() if policy is not None}


def _words(policy: Policy) -> dict[str, str]:
    dumped = policy.model_dump(mode="json", by_alias=True, exclude_none=True)
    return {
        key: ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else str(value)
        for key, value in dumped.items()
    }


def _risk(strategy: Strategy) -> Risk:
    """Of the settings in force when that audit was planned, both modes together."""
    points = {atom for mode in strategy.residual for atom in mode.single_points_before}
    losses = [mode.mean_loss_before for mode in strategy.residual]
    counts: dict[Severity, int] = {}
    for finding in strategy.findings:
        counts[finding.severity] = counts.get(finding.severity, 0) + 1
    mean = round(sum(losses) / len(losses), 12) if losses else None
    return Risk(single_points=tuple(sorted(points)), mean_loss=mean, findings=counts)
