"""validate: read the files and report what is wrong. It needs no token and no network, so it also runs for a fork's pull request."""

from __future__ import annotations

from entrypoint.kernel.errors import ExitCode
from entrypoint.kernel.findings import has_errors
from entrypoint.kernel.run import Format, Inputs, RunContext
from entrypoint.modes.ports import Console, Files
from entrypoint.modes.result import Result
from entrypoint.modes.source import Source, named_app, read_source
from entrypoint.report.findings.annotations import annotation_lines
from entrypoint.report.findings.as_markdown import findings_markdown
from entrypoint.report.findings.terminal import findings_text


def validate(inputs: Inputs, run: RunContext, *, files: Files, console: Console, why: str = "") -> Result:
    """Report all findings; exit 1 if any is an error. `why` is the reason why no plan was made."""
    source = read_source(inputs, files)
    if why:
        console.note(f"Only the files are checked, not planned: {why}.")
    present_findings(source, inputs, run, console=console, why=why)
    code = ExitCode.FINDINGS if has_errors(source.findings) else ExitCode.DONE
    return Result(exit_code=code, outputs={"result": "invalid" if code else "valid", "changes": "false"})


def present_findings(
    source: Source,
    inputs: Inputs,
    run: RunContext,
    *,
    console: Console,
    app: str | None = None,
    why: str = "",
) -> str:
    """Write annotations, the result in the asked format, and the job summary. Returns the Markdown. `app` is for a caller that knows more
    than the files say."""
    console.annotate(source.findings)
    markdown = findings_markdown(
        source.findings, app=app or named_app(inputs, source) or "", run=run, why=why
    )
    console.show(markdown if inputs.format is Format.MARKDOWN else _render(source, inputs, run))
    console.summarise(markdown)
    return markdown


def _render(source: Source, inputs: Inputs, run: RunContext) -> str:
    match inputs.format:
        case Format.JSON:
            from entrypoint.report.findings.as_json import validation_json  # imports the whole conversion

            return validation_json(source.reading, source.findings, compat=inputs.compat)
        case Format.SARIF:
            from entrypoint.report.findings.as_sarif import findings_sarif

            return findings_sarif(source.findings)
        case Format.GITHUB:
            return "" if run.in_actions else "\n".join(annotation_lines(source.findings))
        case Format.TEXT | Format.MARKDOWN:
            return findings_text(source.findings, texts=source.texts)
