import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from flows.cli import app
from flows.demo_text import specimens
from flows.encoder_scores import EncoderScores, print_scores
from flows.summary import print_summary
from pipelines.audit.discovery import discover
from pipelines.embed.alignment import AlignmentScore
from pipelines.filter.rules import NO_LANGUAGE, RULES, SEVERAL_LANGUAGES, UNDETERMINED
from pipelines.instruct.templates import all_templates
from pipelines.publish.projections import KINDS
from pipelines.runtime.models import CATALOGUE
from schemas.recipe import parse_recipe
from tests.docs.pages import PAGES, ROOT, Example, all_examples, anchors, examples, links, table_below
from tests.docs.tables import RECIPE_TABLES, RECORD_TABLES, recipe_rows, record_rows
from tests.end_to_end.demo import Demo

DOCS = ROOT / "docs"
CHECKED = {"toml", "python", "sh", "tree", "summary", "scores"}


def shell_lines() -> list[tuple[str, str]]:
    """(line, place) of every line of every shell example; none may be empty of a command."""
    return [(line, block.place) for block in examples("sh") for line in block.text.splitlines()]


def identify_block(block: Example) -> str:
    return block.place


def test_every_example_is_in_a_language_that_is_checked() -> None:
    assert {block.place: block.language for block in all_examples() if block.language not in CHECKED} == {}
    assert {block.language for block in all_examples()} == CHECKED


@pytest.mark.parametrize("block", examples("toml"), ids=identify_block)
def test_every_recipe_shown_is_a_valid_recipe(block: Example) -> None:
    parse_recipe(block.text, block.place)


@pytest.mark.parametrize("block", examples("python"), ids=identify_block)
def test_every_python_example_runs_on_a_finished_demo(block: Example, folder_of_examples: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_DATASETS_CACHE": str(tmp_path), "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        [sys.executable, "-c", block.text], cwd=folder_of_examples, env=environment, capture_output=True, text=True
    )
    assert ran.returncode == 0, f"{block.place}:\n{ran.stderr}"


@pytest.mark.parametrize(("line", "place"), shell_lines())
def test_every_command_shown_is_one(line: str, place: str) -> None:
    words = shlex.split(line)
    while words and (assigned := re.fullmatch(r"([A-Z_]+)=.*", words[0])):
        assert assigned[1] in {"PREFECT_API_URL", "GLOTMILL_CACHE"}, f"{place}: {line}"
        words.pop(0)
    program, *arguments = words
    if program == "glotmill":
        parse_command(arguments)
    elif program == "make":
        assert set(arguments) <= make_targets(), f"{place}: {line}"
    elif program == "prefect":
        run_help([str(Path(sys.executable).with_name("prefect")), *arguments])
    elif program in ("python3", ".venv/bin/python"):
        check_python(arguments)
    else:
        pytest.fail(f"{place}: nothing here knows how to check {line!r}")


def parse_command(arguments: list[str]) -> None:
    """Parse as the command would, and stop before it does anything."""
    command, name, context = typer.main.get_command(app), "glotmill", None
    while hasattr(command, "resolve_command"):
        context = command.make_context(name, list(arguments), parent=context)
        name, command, arguments = command.resolve_command(context, arguments)
        assert command is not None
    command.make_context(name, list(arguments), parent=context)


def test_a_flag_that_does_not_exist_would_be_noticed() -> None:
    with pytest.raises(Exception, match="No such option"):
        parse_command(["refresh", "recipe.toml", "--wokers", "2"])
    with pytest.raises(Exception) as caught:  # Typer's own class has no public name
        parse_command(["refresh"])
    assert type(caught.value).__name__ == "MissingParameter"


def check_python(arguments: list[str]) -> None:
    if arguments[:3] == ["-m", "pip", "install"]:
        extras = set(re.fullmatch(r"\.\[(.*)\]", arguments[-1])[1].split(","))  # type: ignore[index]
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        assert extras <= set(project["optional-dependencies"])
        assert (ROOT / "constraints.txt").is_file()
    elif arguments[:2] == ["-m", "venv"]:
        assert len(arguments) == 3
    else:
        run_help([sys.executable, *arguments])


def run_help(command: list[str]) -> None:
    ran = subprocess.run([*command, "--help"], cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    for option in (word.partition("=")[0] for word in command if word.startswith("--")):
        assert option in ran.stdout


def make_targets() -> set[str]:
    return set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))


@pytest.mark.parametrize("block", examples("tree"), ids=identify_block)
def test_everything_in_a_tree_is_there(block: Example, small_demo: Demo) -> None:
    for line in block.text.splitlines():
        path = re.sub(r"<\w+>", "*", line.split()[0].removeprefix("runs/demo/").rstrip("/"))
        assert list(small_demo.run.glob(path)), f"{block.place}: a demo has no {path}"


@pytest.mark.parametrize("block", examples("summary"), ids=identify_block)
def test_the_summary_shown_has_the_lines_that_are_printed(
    block: Example, small_demo: Demo, capsys: pytest.CaptureFixture[str]
) -> None:
    def labels(text: str) -> list[str]:
        return re.findall(r"^  (\w[\w -]*?)  +\S", text.partition("Mining against gold")[0], flags=re.MULTILINE)

    print_summary(small_demo.summary)
    assert labels(block.text) == labels(capsys.readouterr().out)


@pytest.mark.parametrize("block", examples("scores"), ids=identify_block)
def test_the_scores_shown_are_those_that_would_be_printed(block: Example, capsys: pytest.CaptureFixture[str]) -> None:
    cells = re.findall(r"(\w{3}_\w{4}) (\S+)  (\S+) (\S+) +(\d+)", block.text)
    scores = tuple(AlignmentScore(key, int(rows), *map(float, shares)) for key, *shares, rows in cells)
    encoder, pivot = block.text.split()[0], block.text.split()[2].rstrip(":")
    print_scores(EncoderScores(encoder, pivot, scores, ()))
    # The page is narrower than a file, so fewer stand on a line.
    assert sorted(capsys.readouterr().out.split()) == sorted(block.text.split())


def plain(text: str) -> str:
    return text.replace("\\", "")


@pytest.mark.parametrize("heading", RECIPE_TABLES)
def test_every_setting_is_listed_with_its_values_default_and_meaning(heading: str) -> None:
    model = RECIPE_TABLES[heading]
    rows = table_below(DOCS / "recipes.md", heading)
    assert [row[:3] for row in rows] == [row[:3] for row in recipe_rows(model)]
    for (*_, meaning), (name, *_, description) in zip(rows, recipe_rows(model), strict=True):
        assert meaning, f"{heading}: {name} has no meaning"
        assert description is None or plain(meaning) == plain(description)


@pytest.mark.parametrize("heading", RECORD_TABLES)
def test_every_field_is_listed_with_its_type_and_meaning(heading: str) -> None:
    rows = table_below(DOCS / "records.md", heading)
    assert [tuple(map(plain, row)) for row in rows] == [
        tuple(map(plain, row)) for row in record_rows(RECORD_TABLES[heading])
    ]


def test_every_reason_that_a_demo_gives_is_explained(small_demo: Demo) -> None:
    explained = set(re.findall(r"`([\w-]+)`", (DOCS / "stages.md").read_text(encoding="utf-8")))
    run, _ = discover(str(small_demo.run))
    given = {
        count.reason for manifest in run.manifests.values() for shard in manifest.shards for count in shard.counts
    } - {None}
    judged = {rule.reason for rule in RULES} | {UNDETERMINED, NO_LANGUAGE, SEVERAL_LANGUAGES}
    assert "http-404" in given
    assert (given | judged) - explained == set()


def test_every_model_is_listed_with_its_licence() -> None:
    listed = {name.strip("`"): licence for name, _, licence, _ in table_below(DOCS / "languages.md", "Models")}
    assert listed == {name: entry.licence for name, entry in CATALOGUE.items()}


def test_every_key_that_the_table_of_clashes_shows_is_what_a_code_gives() -> None:
    from schemas.languages import normalise

    for codes, keys, _ in table_below(DOCS / "languages.md", "Clashes"):
        for code in re.findall(r"`(\S+)`", codes):
            assert normalise(code) in re.findall(r"`(\S+)`", keys)


@pytest.mark.parametrize(
    ("page", "words", "count"),
    [
        ("README.md", r"in (\d+) language and\s+script combinations", lambda: len(specimens())),
        ("docs/stages.md", r"Templates are written in (\d+) languages", lambda: len(all_templates())),
        ("docs/languages.md", r"each of its (\d+) rows", lambda: len(clash_rows())),
    ],
)
def test_a_number_that_is_stated_is_true(page: str, words: str, count: Callable[[], int]) -> None:
    stated = re.findall(words, (ROOT / page).read_text(encoding="utf-8"))
    assert stated == [str(count())]


def clash_rows() -> list[object]:
    rows: list[object] = tomllib.loads((ROOT / "schemas" / "clashes.toml").read_text(encoding="utf-8"))["clash"]
    return rows


def test_every_field_the_data_card_names_is_published() -> None:
    names = {name for kind in KINDS.values() for name in kind.schema.names}
    for fields, _ in table_below(DOCS / "data-card.md", "Instructions"):
        assert set(re.findall(r"`(\w+)`", fields)) <= names


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in links(page):
        if target.startswith(("http://", "https://")):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name) if name else page
        assert file.is_file(), f"{page.name}: {target}"
        assert not anchor or anchor in anchors(file), f"{page.name}: {target}"


def test_every_page_is_linked_from_the_first() -> None:
    linked = {target.partition("#")[0] for target in links(ROOT / "README.md")}
    assert {f"docs/{page.name}" for page in DOCS.glob("*.md")} <= linked


def test_the_licence_is_the_one_that_the_package_declares() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    text = (ROOT / "LICENSE").read_text()
    assert project["license"] == "Apache-2.0"
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
