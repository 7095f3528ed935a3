"""The embed stage: one Beam job from documents and catalogue sentences to sentences with vectors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

import apache_beam as beam

from pipelines.embed.encoder import EncoderFacts, describe_encoder
from pipelines.embed.known import earlier_manifests
from pipelines.embed.transforms import Choose, EncodeSentences, FilterSentences, Keyed, ReadKnown, SplitDocuments
from pipelines.runtime.manifest import Manifest
from pipelines.runtime.models import find_model, model_fingerprint
from pipelines.runtime.runner import Runner
from pipelines.runtime.shards import Output
from pipelines.runtime.stage import Input, Job, Stage
from schemas.recipe import EmbedSettings
from schemas.records import DROPPED, SENTENCE, vector_schema

# Starting a worker and loading an encoder there takes as long as encoding about so many short sentences.
_ROWS_PER_WORKER = 2_000

# Sentences that a bucket aims at, and how many a document is taken for: enough that texts of like length meet in a
# batch, few enough that workers share them evenly.
_BUCKET_ROWS = 2_000
_SENTENCES_PER_DOCUMENT = 16


def embed_job(
    corpus: Manifest,
    acquired: Manifest,
    folder: str,
    settings: EmbedSettings,
    languages: Collection[str],
) -> Job:
    """Split documents into sentences and encode them, with the catalogues' sentences, for mining.

    The ledger counts sentences of the recipe's sources and of the languages asked for. A text is encoded once a
    language, and not at all where a run of `settings.earlier` has its vector; the counters tell, by language, how many
    texts were `reused` so, how many sentences had a text `repeated`, and how many texts were `cut` at `max_tokens`.

    Args:
        corpus: the stage whose `kept` rows are DOCUMENT.
        acquired: the stage whose `sentences` rows are SENTENCE; partitioned by language, they spread best.
        folder: URL of the folder that the stage owns.
        languages: keys of the languages that are mined; others are not encoded.
    Returns:
        A job whose manifest has outputs sentences and vectors (by language, the same ids in both) and dropped. Its
        settings hold `dimensions` and `encoder_fingerprint`, and the prefix, batch size and backend that were used.
    Raises:
        ModelError, EncoderError: as `describe_encoder` and `earlier_manifests`.
    """
    encoder = describe_encoder(settings)
    wanted = tuple(sorted(set(languages)))
    used = _used(encoder)
    earlier = earlier_manifests(settings.earlier, folder, settings.model_dump(mode="json") | used)
    candidates = {
        "documents": _by_language(corpus, "kept", wanted),
        "sentences": _by_language(acquired, "sentences", wanted),
    }
    inputs = {name: source for name, source in candidates.items() if _holds(source, settings.sources)}
    expected = _expected(inputs.values())
    buckets = _buckets(inputs, wanted)
    stage = Stage(
        name="embed",
        folder=folder,
        packages=("pipelines.embed",),
        settings=settings,
        outputs=(
            Output("sentences", SENTENCE, partition=("language",), expected=expected),
            Output("vectors", vector_schema(encoder.dimensions), partition=("language",), expected=expected),
            Output("dropped", DROPPED),
        ),
        inputs=inputs,
        kept=("sentences",),
        counts_in="counters",
        # Not inputs, which are the run's own; what lies there decides the result, not where.
        extra=used
        | {
            "languages": ",".join(wanted),
            "earlier": ",".join(manifest.content for manifest in earlier),
            "identifier": _identifier_fingerprint(settings.filters.identifier),
        },
        rows_per_worker=_ROWS_PER_WORKER,
    )

    def build(pipeline: beam.Pipeline) -> tuple[beam.PCollection, ...]:
        dropped, keyed = [], []
        for name, source in inputs.items():
            rows = pipeline | f"Read {name}" >> source.read() | f"Choose {name}" >> Choose(settings.sources, wanted)
            sentences = rows | "Split" >> SplitDocuments() if name == "documents" else rows
            filtered = sentences | f"Filter {name}" >> FilterSentences(settings, buckets)
            filtered.sentences.element_type = Keyed
            dropped.append(filtered.dropped)
            keyed.append(filtered.sentences)
        if not keyed:
            return ()
        if earlier:
            keyed.append(pipeline | "Read earlier" >> ReadKnown(earlier, buckets, encoder.dimensions))
        return (*dropped, tuple(keyed) | "Encode" >> EncodeSentences(settings, folder))

    return Job(stage, build)


def embed(
    corpus: Manifest,
    acquired: Manifest,
    folder: str,
    settings: EmbedSettings,
    languages: Collection[str],
    runner: Runner,
) -> Manifest:
    """Run `embed_job` unless it is whole."""
    return embed_job(corpus, acquired, folder, settings, languages).run(runner)


def _used(encoder: EncoderFacts) -> dict[str, str]:
    """What the recipe leaves to the model, as it was, beside what the files of the model say."""
    return {
        "encoder_fingerprint": encoder.fingerprint,
        "dimensions": str(encoder.dimensions),
        "prefix": encoder.prefix,
        "batch_size": str(encoder.batch_size),
        "backend": encoder.backend,
    }


def _identifier_fingerprint(name: str | None) -> str:
    return "" if name is None else model_fingerprint(find_model(name))


def _buckets(inputs: Mapping[str, Input], languages: tuple[str, ...]) -> dict[str, int]:
    """Parts that the texts of each language are dealt to; from row counts, never from workers."""
    rows = Counter(dict.fromkeys(languages, 0))
    for name, source in inputs.items():
        weight = _SENTENCES_PER_DOCUMENT if name == "documents" else 1
        rows.update({language: weight * count for language, count in source.rows_by_language().items()})
    return {language: max(1, -(-rows[language] // _BUCKET_ROWS)) for language in languages}


def _by_language(manifest: Manifest, output: str, languages: tuple[str, ...]) -> Input:
    """Rows of some languages where the output lies by language, else all."""
    return Input(manifest, output, partitions=languages if manifest.partitions(output) else None)


def _holds(source: Input, names: tuple[str, ...]) -> bool:
    """Whether an input has rows of the sources named; all are where none is."""
    return any(not names or count.source in names for shard in source.shards() for count in shard.counts)


def _expected(inputs: Collection[Input]) -> Mapping[str, int]:
    """Rows by language; a document counts once, as nobody knows its sentences yet."""
    languages: Counter[str] = Counter()
    for source in inputs:
        languages.update(source.rows_by_language())
    return languages
