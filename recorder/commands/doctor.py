"""`antiphon doctor`: whether this machine can record, and what to do if not."""

from dataclasses import asdict
from pathlib import Path

import click

from recorder.commands.options import (
    ROOT,
    config_option,
    json_option,
    overrides,
    said,
    say,
    tell,
)
from recorder.doctor.finding import Finding, Word
from recorder.failure import EX_UNAVAILABLE


@click.command()
@click.option("--fix", is_flag=True, help="Set the dongles' latency timers to 1 ms, if permitted.")
@json_option
@overrides("sessions", "socket")
@config_option
@click.pass_context
def doctor(
    context: click.Context,
    /,
    config_file: Path | None,
    *,
    fix: bool,
    as_json: bool,
    **given: Path | None,
) -> None:
    """Whether this machine can record two people now, and what to do if it cannot.

    A running service is asked for what it has; boards that it has just begun to open are waited
    for, 10 s at most. Exit code 69 when something fails, as it does while no dongle is plugged in.

    Example: antiphon doctor --json
    """
    from recorder.doctor.examination import examine

    found: list[Finding] = []
    for finding in examine(config_file, ROOT, said(given), fix=fix):
        found.append(finding)
        if not as_json:
            say(_finding_line(finding))
    failed = [finding.found for finding in found if finding.word is Word.FAIL]
    verdict = f"cannot record: {'; '.join(failed)}" if failed else "ready to record"
    findings = [asdict(finding) for finding in found]
    tell("antiphon.doctor/1", [verdict], as_json=as_json, ok=not failed, findings=findings)
    context.exit(EX_UNAVAILABLE if failed else 0)


def _finding_line(finding: Finding) -> str:
    remedy = f" → {finding.remedy}" if finding.remedy else ""
    return f"{finding.word:<5} {finding.name:<10} {finding.found}{remedy}"
