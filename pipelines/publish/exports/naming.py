"""Names of Moses and TMX files: as OPUS names its own, NAME.de-en.de, in the spelling of languages asked for."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.publish.exports.files import ending
from schemas.languages import bcp47, split_pair
from schemas.recipe import Codes, Compression


@dataclass(frozen=True)
class Naming:
    """How files are called.

    Attributes:
        name: of the set, such as demo-pairs.
        codes: spelling of languages. A hyphen joins a pair, so that a tag has underscores, as in `sr_Latn`.
        numbered: whether a language pair may have several files.
        compression: of all of them.
    """

    name: str
    codes: Codes
    numbered: bool = False
    compression: Compression = "none"

    def sides(self, pair: str) -> tuple[str, str]:
        """Source and target as names have them."""
        source, target = split_pair(pair)
        return self._spelled(source), self._spelled(target)

    def _spelled(self, key: str) -> str:
        return key if self.codes == "canonical" else bcp47(key).replace("-", "_")

    def stem(self, pair: str, part: int) -> str:
        """Path of the files of one part, up to their extension: `de-en/NAME.de-en`, `de-en/NAME-00000.de-en`."""
        sides = "-".join(self.sides(pair))
        return f"{sides}/{self.name}{f'-{part:05d}' if self.numbered else ''}.{sides}"

    def file(self, pair: str, part: int, extension: str) -> str:
        return f"{self.stem(pair, part)}.{extension}{ending(self.compression)}"
