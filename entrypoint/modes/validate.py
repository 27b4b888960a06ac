"""validate: read the files, say what is wrong. No token, no network: this is what a fork's pull request gets."""

from __future__ import annotations

from entrypoint.kernel.errors import ExitCode
from entrypoint.kernel.findings import has_errors
from entrypoint.kernel.run import Format, Inputs
from entrypoint.modes.ports import Console, Files
from entrypoint.modes.result import Result
from entrypoint.modes.source import Source, read_source


def validate(inputs: Inputs, *, files: Files, console: Console, why: str = "") -> Result:
    """Findings everywhere a person looks; exit 1 if any is an error. `why` tells what kept a plan from being made."""
    source = read_source(inputs, files)
    if why:
        console.note(f"Only fly.toml was checked, not planned: {why}.")
    present_findings(source, inputs, console=console, why=why)
    code = ExitCode.FINDINGS if has_errors(source.findings) else ExitCode.DONE
    return Result(exit_code=code, outputs={"result": "invalid" if code else "valid"})


def present_findings(source: Source, inputs: Inputs, *, console: Console, why: str = "") -> None:
    """Annotations, the result in the asked format, and the job summary."""
    console.annotate(source.findings)
    console.show(render(source, inputs.format))
    console.summarise(_markdown(source, why=why))


def render(source: Source, format_: Format) -> str:
    """The validation result in one of the formats."""
    match format_:
        case Format.JSON:
            from entrypoint.report.validate_json import validation_json

            return validation_json(source.reading, source.findings)
        case Format.SARIF:
            from entrypoint.report.sarif import findings_sarif

            return findings_sarif(source.findings)
        case Format.MARKDOWN:
            return _markdown(source, why="")
        case Format.TEXT | Format.GITHUB:
            from entrypoint.report.text import findings_text

            return findings_text(source.findings, texts=source.texts)
