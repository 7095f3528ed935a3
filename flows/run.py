"""Running a flow for the command line: Prefect's API beside it, progress on the terminal, a summary at the end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from flows.progress import Reporter, reporting
from flows.server import connected, prefect_api
from pipelines.runtime.filesystem import Folder
from pipelines.runtime.runner import Runner
from schemas.recipe import Recipe

if TYPE_CHECKING:
    from pipelines.runtime.manifest import Manifest


@contextmanager
def _session(quiet: bool) -> Iterator[Reporter]:
    """A reporter and, for flows inside the block, Prefect's API; the server starts while its modules load."""
    reporter = Reporter(quiet=quiet)
    with prefect_api() as server, reporting(reporter):
        import flows.jobs  # noqa: F401  the slow imports, done while the server starts

        if server is not None:
            with reporter.running("Prefect's server starts"):
                server.wait()
        with connected(server):
            yield reporter


def run_flow(name: str, recipe: Recipe, runner: Runner, *, quiet: bool = False) -> dict[str, Any]:
    """Run one flow of a recipe.

    Args:
        name: refresh, mine, instruct, prefer or audit.
    Returns:
        The summary of the run's folder as it then is.
    """
    started = time.monotonic()
    if name != "audit":
        Folder(recipe.output).require_writable()
    with _session(quiet) as reporter:
        from flows.audit import audit
        from flows.instruct import instruct
        from flows.mine import mine
        from flows.prefer import prefer
        from flows.refresh import refresh
        from flows.storing import require_store
        from flows.summary import summarise_audit, summarise_flow

        if name == "refresh":
            require_store(recipe)
        reporter.line(f"[bold]{name}[/] of {recipe.name} → {escape(recipe.output)}")
        if name == "audit":
            summary = summarise_audit(*audit(recipe, runner))
        else:
            flow = {"refresh": refresh, "mine": mine, "instruct": instruct, "prefer": prefer}[name]
            summary = summarise_flow(flow(recipe, runner), reporter.stages)
    return {"name": recipe.name, "flow": name, **summary, "seconds": round(time.monotonic() - started, 1)}


def run_encode(recipe: Recipe, runner: Runner, *, quiet: bool = False) -> Manifest:
    """Embed what a recipe would mine, unless that is done."""
    from flows.encoder_scores import embedded_already

    there = embedded_already(recipe)
    if there is not None:
        return there
    Folder(recipe.output).require_writable()
    with _session(quiet) as reporter:
        from flows.mine import encode

        reporter.line(f"[bold]encode[/] of {recipe.name} → {escape(recipe.output)}")
        manifest: Manifest = encode(recipe, runner)
    return manifest


def run_demo(output: Path, port: int, languages: int | None, runner: Runner, *, quiet: bool = False) -> dict[str, Any]:
    """Build the demo's site, serve it on loopback and go the whole way.

    Args:
        output: folder of the run; the site lies in `site` inside it.
        languages: languages of the site; all when None.
    Returns:
        The summary, with the path of the report.
    """
    started = time.monotonic()
    Folder(str(output)).require_writable()
    with _session(quiet) as reporter:
        from flows.demo import demo, demo_site
        from flows.summary import summarise_audit

        with demo_site(output, port, languages) as recipe:
            for model in (*recipe.identify.models, recipe.embed.encoder):
                _fetch_once(model, reporter)
            reporter.line(f"[bold]demo[/] of {recipe.name} → {escape(recipe.output)}")
            summary = summarise_audit(*demo(recipe, runner))
    return {"name": recipe.name, "flow": "demo", **summary, "seconds": round(time.monotonic() - started, 1)}


def _fetch_once(model: str, reporter: Reporter) -> None:
    from pipelines.runtime.models import ModelError, fetch_model, find_model

    try:
        find_model(model)
    except ModelError:
        fetch_model(model, progress=lambda text: reporter.line(escape(text)))
