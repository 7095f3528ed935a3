"""What an earlier crawl left in the folder of one that is whole."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pipelines.runtime.filesystem import Folder

# As the rounds name their jobs: 000-survey-0, 000-pages.
_JOB = re.compile(r"\d{3,}-(?:survey-\d+|pages)")


def remove_leftovers(crawl: Folder, made: Iterable[str]) -> None:
    """Remove the folders of jobs that a crawl with other settings made and this one did not.

    Both count from 000, so the shorter one leaves later rounds of the longer one behind, which are no part of it.
    Nothing is removed whose name is not that of a job.
    """
    folders = {folder for folder, slash, _ in (name.partition("/") for name in crawl.files()) if slash}
    for folder in sorted(filter(_JOB.fullmatch, folders.difference(made))):
        crawl.remove(folder)
