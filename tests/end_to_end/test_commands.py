"""Each command on a recipe of its own, and what each of them prints."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from flows.demo_server import serve_site
from flows.demo_site import build_site
from pipelines.runtime.manifest import MANIFEST_NAME, read_manifest
from tests.end_to_end.command import glotmill, shard_hashes
from tests.end_to_end.demo import Demo
from tests.end_to_end.flow import run
from tests.end_to_end.sources import catalogue_table, copy_catalogues, crawl_table, write_recipe
from tests.portable import free_port

FLOWS = ("refresh", "mine", "instruct", "prefer", "audit")
HEAVY = {"apache_beam", "prefect", "torch", "pyarrow", "numpy", "sentence_transformers", "datasets", "httpx"}
STAGES = """
[filter.limits]
min_characters = 600
[mine]
pairs = [["eng_Latn", "spa_Latn"], ["spa_Latn", "hin_Deva"]]
threshold = 1.0
"""


@pytest.mark.parametrize("arguments", [("--help",), ("demo", "--help"), ("models", "--help"), ("mine",)])
def test_help_and_usage_import_nothing_heavy(arguments: tuple[str, ...]) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "flows.cli", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert "typer" in imported
    assert not HEAVY & imported


def test_the_demos_json_has_the_keys_that_are_promised(small_demo: Demo) -> None:
    summary = small_demo.summary
    counts = ("languages", "documents", "dropped", "duplicates", "instruction_rows", "preference_rows")
    assert all(type(summary[name]) is int and summary[name] > 0 for name in counts)
    assert summary["ledger_balanced"] is True
    assert summary["seconds"] > 0
    assert Path(summary["report"]).is_file()
    assert summary["pairs"]
    for pair in summary["pairs"]:
        assert {"source", "target", "mode", "precision", "recall", "f1", "baseline_f1"} <= pair.keys()
        assert all(0 <= pair[name] <= 1 for name in ("precision", "recall", "f1", "baseline_f1"))


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The flows one after the other on a small site and the catalogues of three languages: recipe, and outputs."""
    folder, port = tmp_path_factory.mktemp("walk"), free_port()
    site = build_site(folder / "site", languages=4, port=port)
    source = copy_catalogues(folder / "source", "es", "hi")
    root = f"http://127.0.0.1:{port}"
    catalogues = catalogue_table(source, "eng_Latn", "spa_Latn", "hin_Deva")
    recipe = write_recipe(folder, crawl_table(f"{root}/", f"127.0.0.1:{port}") + catalogues + STAGES)
    with serve_site(site, port):
        printed = {flow: glotmill(flow, recipe, "--workers", 1) for flow in FLOWS}
    return {"recipe": recipe, "run": folder / "run", "printed": printed}


def test_every_flow_reports_its_stages_as_they_end_and_sums_up(walked: dict[str, Any]) -> None:
    stages = {
        "refresh": (
            *("acquire", "identify", "measure", "decide limits", "filter documents"),
            *("sign documents", "link duplicates", "cluster duplicates", "drop duplicates", "publish corpus"),
        ),
        "mine": ("embed", "mine pairs", "publish pairs"),
        "instruct": ("write instructions", "publish instructions"),
        "prefer": ("write preferences", "publish preferences"),
        "audit": ("audit",),
    }
    for flow, printed in walked["printed"].items():
        lines = [line.strip() for line in printed.stderr.splitlines()]
        assert lines[0].startswith(f"{flow} of small → ")
        positions = [next(n for n, line in enumerate(lines) if line.startswith(stage)) for stage in stages[flow]]
        assert positions == sorted(positions)
        assert re.search(r"ledger +balances", printed.stdout)
    assert re.search(r"rows +\d+ in, \d+ kept", walked["printed"]["refresh"].stdout)
    assert f"Folder: {walked['run']}/pairs" in walked["printed"]["mine"].stdout
    report = walked["run"] / "audit" / "report.html"
    assert f"Report: {report}" in walked["printed"]["audit"].stdout
    assert report.is_file()


def test_mining_tells_of_the_encoder_before_and_of_thresholds_behind_it(walked: dict[str, Any]) -> None:
    said = walked["printed"]["mine"].stderr
    positions = [said.index(words) for words in ("  embed ", "  encoder against eng_Latn: ", "  thresholds for ")]
    assert positions == sorted(positions)
    for pair in ("eng_Latn-spa_Latn", "spa_Latn-hin_Deva"):
        assert re.search(rf"^  {pair} +\S+ +(best )?precision \d", said, flags=re.MULTILINE)


def test_the_encoder_is_scored_on_what_a_run_has_embedded(walked: dict[str, Any]) -> None:
    told = json.loads(glotmill("encoder", walked["recipe"], "--json").stdout)
    assert told["pivot"] == "eng_Latn"
    verdicts = {score["language"]: score["verdict"] for score in told["languages"]}
    assert verdicts == {"spa_Latn": "can be mined", "hin_Deva": "too few sentences"}
    assert all(score["mexa"] > 0.5 and score["sentences"] > 10 for score in told["languages"])
    finished = glotmill("encoder", walked["recipe"], "--pivot", "km", exit_code=1)
    assert "--pivot khm_Khmr: no aligned sentences of it; there are some of: eng_Latn" in finished.stderr


def test_a_second_run_skips_every_stage_though_the_site_is_gone(walked: dict[str, Any]) -> None:
    folder = walked["run"]
    manifests = {file: file.read_bytes() for file in folder.rglob(MANIFEST_NAME) if "audit" not in file.parts}
    hashes = shard_hashes(folder)
    for flow in FLOWS[:-1]:
        assert run(flow, walked["recipe"])["kept"] > 0
    assert {file: file.read_bytes() for file in manifests} == manifests
    assert shard_hashes(folder) == hashes


def row_of(folder: Path, stage: str, output: str, reason: str | None = None) -> dict[str, Any]:
    manifest = read_manifest(str(folder / stage))
    assert manifest is not None
    rows = [row for url in manifest.urls(output) for row in pq.read_table(url).to_pylist()]
    return next(row for row in rows if reason is None or row["reason"] == reason)


def explain(folder: Path, identifier: str) -> dict[str, Any]:
    explanation: dict[str, Any] = json.loads(glotmill("explain", identifier, "--run", folder, "--json").stdout)
    return explanation


def test_a_kept_document_is_explained_by_id_by_its_beginning_and_by_url(small_demo: Demo) -> None:
    row = row_of(small_demo.run, "corpus", "kept")
    whole = explain(small_demo.run, row["id"])
    assert explain(small_demo.run, row["id"][:12]) == whole
    ways = [(step["stage"], step["output"]) for step in whole["steps"]]
    stages = ("acquire", "identify", "measure", "filter", "dedupe", "publish-demo-corpus")
    assert ways == [(stage, "kept") for stage in stages]
    by_url = explain(small_demo.run, row["url"])
    assert by_url["id"] == row["id"]
    assert [step for step in by_url["steps"] if step["stage"] == "dedupe"] == whole["steps"][4:5]


def test_a_duplicate_is_explained_with_the_document_kept_in_its_place(small_demo: Demo) -> None:
    row = row_of(small_demo.run, "corpus", "dropped", "near-duplicate")
    explanation = explain(small_demo.run, row["url"])
    assert explanation["steps"][-1]["row"]["reason"] == "near-duplicate"
    assert explanation["matched"]["id"] == row["matched_id"]
    printed = glotmill("explain", row["id"], "--run", small_demo.run).stdout
    assert f"{row['score']:.4g}" in printed
    assert explanation["matched"]["url"] in printed.partition("kept in its place")[2]


def test_a_filtered_document_is_explained_with_its_reason(walked: dict[str, Any]) -> None:
    row = row_of(walked["run"], "filter", "dropped", "too-short")
    explanation = explain(walked["run"], row["id"])
    assert explanation["matched"] is None
    assert (explanation["steps"][-1]["stage"], explanation["steps"][-1]["row"]["reason"]) == ("filter", row["reason"])
    assert row["reason"] in glotmill("explain", row["id"], "--run", walked["run"]).stdout


def test_a_page_that_robots_forbid_is_explained_by_its_url(small_demo: Demo) -> None:
    explanation = explain(small_demo.run, f"http://127.0.0.1:{small_demo.port}/private/draft.html")
    assert explanation["steps"][-1]["row"]["reason"] == "robots-disallowed"


@pytest.mark.parametrize("identifier", ["0" * 32, "f00ba4", "http://127.0.0.1/nowhere", "draft"])
def test_an_unknown_row_is_refused_by_name(small_demo: Demo, identifier: str) -> None:
    finished = glotmill("explain", identifier, "--run", small_demo.run, exit_code=1)
    assert finished.stdout == ""
    assert finished.stderr.startswith(f"glotmill: {identifier}: ")


def test_models_are_listed_with_what_is_here() -> None:
    rows = {row["name"]: row for row in json.loads(glotmill("models", "list", "--json").stdout)}
    for name, kind in (("lid.176", "lid"), ("e5-small", "encoder")):
        assert rows[name]["kind"] == kind
        assert rows[name]["cached"]
        assert Path(rows[name]["path"]).exists()
    table = glotmill("models", "list").stdout
    assert all(name in table for name in rows)
