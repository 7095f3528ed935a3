"""Indexes and their search in a process that kills itself: `python -m tests.mine.dying_search EMBED RUN FOLDER MOMENT`.

FOLDER is `indexes` or `search` below RUN; the moments are those of `tests.end_to_end.dying`.
"""

import sys
from pathlib import Path

from pipelines.runtime.manifest import need_manifest
from tests.end_to_end.dying import die_in
from tests.mine.test_index_job import search

if __name__ == "__main__":
    embedded, run, folder, moment = sys.argv[1:]
    die_in(Path(run) / folder, moment)
    search(need_manifest(embedded, "embed"), Path(run))
