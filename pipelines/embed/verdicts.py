"""What a score of alignment means for mining, in words.

Measured with e5-small and use-multilingual on Django's catalogues in 85 languages beside English: two thirds of a
language's messages on each side, half of those with their translation on the other; centred vectors, distance margin,
one-to-one, thresholds fitted two-fold. Score and F1 of mining had a rank correlation of .92. Of the 95 scores of
MINABLE or more the mean F1 was .82, the smallest .66; of the 32 below that, .59 (.44 to .75); of the 43 below DOUBTFUL,
.40.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

from pipelines.embed.alignment import AlignmentScore

Verdict: TypeAlias = Literal["can be mined", "doubtful", "cannot be mined", "too few sentences"]
VERDICTS: Final[tuple[Verdict, ...]] = get_args(Verdict)

MINABLE: Final = 0.7
DOUBTFUL: Final = 0.4

LEAST_SENTENCES: Final = 30
"""Below, one sentence more or less changes the score by more than its languages differ."""


def verdict_of(score: AlignmentScore) -> Verdict:
    """Whether an encoder can mine a language, by `mexa`."""
    if score.sentences < LEAST_SENTENCES:
        return "too few sentences"
    if score.mexa >= MINABLE:
        return "can be mined"
    return "doubtful" if score.mexa >= DOUBTFUL else "cannot be mined"
