"""What a person sees of a run in Prefect: runs and tasks by name, ledgers as artifacts, failures as failures."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId, FlowRunFilterName
from prefect.client.schemas.objects import FlowRun, TaskRun

from tests.end_to_end.command import glotmill
from tests.end_to_end.demo import Demo
from tests.end_to_end.sources import catalogue_table, copy_catalogues, write_recipe

FLOWS = ("refresh", "mine", "instruct", "prefer", "audit")
TASKS = (
    *("crawl 000-survey-0", "crawl 000-pages", "acquire", "learn languages", "identify"),
    *("measure", "decide limits", "filter documents"),
    *("sign documents", "link duplicates", "cluster duplicates", "drop duplicates", "publish corpus"),
    *("pair pages", "embed", "search pages", "mine pairs", "publish pairs", "group pairs", "publish groups"),
    *("export moses", "export tmx", "export lines", "count shares"),
    *("write instructions", "publish instructions", "write preferences", "publish preferences", "audit"),
)


@pytest.fixture
def client() -> Iterator[SyncPrefectClient]:
    with SyncPrefectClient(os.environ["PREFECT_API_URL"]) as opened:
        yield opened


def named(client: SyncPrefectClient, name: str) -> FlowRun:
    (run,) = client.read_flow_runs(flow_run_filter=FlowRunFilter(name=FlowRunFilterName(any_=[name])), limit=2)
    return run


def flows_inside(client: SyncPrefectClient, run: FlowRun) -> list[FlowRun]:
    begun = recorded(client, FlowRunFilter(id=FlowRunFilterId(any_=[run.id])), len(FLOWS))
    inner = [task.state.state_details.child_flow_run_id for task in begun if task.state is not None]
    return [client.read_flow_run(flow) for flow in inner if flow is not None]


def recorded(client: SyncPrefectClient, flows: FlowRunFilter, tasks: int) -> list[TaskRun]:
    """The task runs of flows that have ended, once the server has taken note of their ends, which it does on its own.

    Args:
        tasks: how many there are at least.
    """
    deadline = time.monotonic() + 120
    while True:
        found = client.read_task_runs(flow_run_filter=flows)
        ended = [run for run in found if run.state is not None and run.state.is_final()]
        if len(ended) == len(found) >= tasks or time.monotonic() > deadline:
            return found
        time.sleep(0.2)


def test_the_demo_and_its_flows_stand_there_by_name_and_completed(client: SyncPrefectClient, small_demo: Demo) -> None:
    demo = named(client, f"demo {small_demo.run}")
    flows = flows_inside(client, demo)
    assert {run.name for run in flows} == {
        f"{flow} demo" for flow in ("refresh", "mine", "instruct", "prefer", "audit")
    }
    assert {run.state_name for run in [demo, *flows]} == {"Completed"}


def test_every_task_of_the_demo_has_a_name_for_people_and_its_ledger(
    client: SyncPrefectClient, small_demo: Demo
) -> None:
    inside = flows_inside(client, named(client, f"demo {small_demo.run}"))
    flows = FlowRunFilter(id=FlowRunFilterId(any_=[run.id for run in inside]))
    tasks = recorded(client, flows, len(TASKS))
    assert set(TASKS) <= {task.name for task in tasks}
    assert {task.state_name for task in tasks} == {"Completed"}
    artifacts = {artifact.key: artifact for artifact in client.read_artifacts(flow_run_filter=flows)}
    assert "No findings" in str(artifacts["audit"].data)
    for task in TASKS[2:-1]:
        assert f"ledger-{task.replace(' ', '-')}" in artifacts
    dropped = str(artifacts["ledger-drop-duplicates"].data)
    assert "near-duplicate" in dropped
    assert f"shards lie in {small_demo.run}/corpus" in str(artifacts["ledger-drop-duplicates"].description)


def test_a_stage_that_fails_fails_its_flow_and_the_command(
    client: SyncPrefectClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GLOTMILL_CACHE", str(tmp_path / "cache"))
    source = catalogue_table(copy_catalogues(tmp_path / "source", "de"), "deu_Latn")
    recipe = write_recipe(tmp_path, f'[acquire]\nsnapshot = "test"\n{source}', name="without-model")
    glotmill("refresh", recipe, "--quiet", exit_code=1)
    run = named(client, "refresh without-model")
    assert run.state_name == "Failed"
    assert "lid.176" in str(run.state and run.state.message)
