"""What exports write in Parquet: where each row stands in the text files, what languages cost, shares of the corpus."""

from __future__ import annotations

import pyarrow as pa

from schemas.records.fields import field

EXPORTED_PAIR = pa.schema(
    [
        field("id", pa.string(), "Id of the pair."),
        field("pair", pa.string(), "Language pair, source-target."),
        field("source", pa.string(), "Names of the sources, as the pair has them."),
        field("part", pa.int32(), "Number of the file among those of the language pair, from 0."),
        field("line", pa.int64(), "Line of a Moses file, or number of the unit in a TMX file, from 1."),
        field("licence", pa.string(), "Licence of the pair.", nullable=True),
    ],
    metadata={"record": "exported_pair"},
)

EXPORTED_MEMBER = pa.schema(
    [
        field("id", pa.string(), "Id of the group's member."),
        field("group_id", pa.string(), "Id of the group; its members stand on one line of all files."),
        field("language", pa.string(), "Language key."),
        field("split", pa.string(), "dev, devtest or text: the set that the line belongs to."),
        field("line", pa.int64(), "Line of the file, from 1."),
        field("sentence_id", pa.string(), "Id of the sentence."),
        field("source", pa.string(), "Name of the source in the recipe."),
        field("licence", pa.string(), "SPDX identifier, or the source's own words.", nullable=True),
    ],
    metadata={"record": "exported_member"},
)

LANGUAGE_COST = pa.schema(
    [
        field("id", pa.string(), "XXH3-128 in hex of the language."),
        field("language", pa.string(), "Language key."),
        field("place", pa.int32(), "Place in the order in which languages are added, from 1."),
        field("groups", pa.int64(), "Groups with a member in this language."),
        field("complete", pa.int64(), "Groups complete in it and all languages before it."),
        field("cost", pa.int64(), "Groups that are lost by adding it."),
        field("cells", pa.int64(), "complete times place: texts that would be written."),
        field("written", pa.bool_(), "Whether the lines have it."),
    ],
    metadata={"record": "language_cost"},
)

LANGUAGE_SHARE = pa.schema(
    [
        field("id", pa.string(), "XXH3-128 in hex of the language."),
        field("language", pa.string(), "Language key."),
        field("documents", pa.int64(), "Documents of the corpus."),
        field("document_characters", pa.int64(), "Characters of their texts."),
        field("sentences", pa.int64(), "Sentences of corpus and catalogues that were encoded or dropped before."),
        field("encoded", pa.int64(), "Those of them that were encoded."),
        field("encoded_characters", pa.int64(), "Characters of these."),
        field("searched", pa.int64(), "Those searched with another language at least."),
        field("paired", pa.int64(), "Those that stand in a pair at least."),
        field("paired_characters", pa.int64(), "Characters of these."),
        field("share_of_searched", pa.float64(), "paired / searched; null where none was searched.", nullable=True),
        field("share_of_sentences", pa.float64(), "paired / sentences; null where there are none.", nullable=True),
        field(
            "share_of_characters",
            pa.float64(),
            "paired_characters / encoded_characters; null where there are none.",
            nullable=True,
        ),
    ],
    metadata={"record": "language_share"},
)

PAIR_SHARE = pa.schema(
    [
        field("id", pa.string(), "XXH3-128 in hex of the pair."),
        field("pair", pa.string(), "Language pair, source-target."),
        field("source_language", pa.string(), "Language key of the source side."),
        field("target_language", pa.string(), "Language key of the target side."),
        field("pairs", pa.int64(), "Pairs kept."),
        field("source_searched", pa.int64(), "Source sentences searched."),
        field("target_searched", pa.int64(), "Target sentences searched."),
        field("source_paired", pa.int64(), "Source sentences that stand in a pair."),
        field("target_paired", pa.int64(), "Target sentences that stand in a pair."),
        field("source_characters", pa.int64(), "Characters of the source sentences that stand in a pair."),
        field("target_characters", pa.int64(), "Characters of the target sentences that stand in a pair."),
        field("source_share", pa.float64(), "source_paired / source_searched; null without any.", nullable=True),
        field("target_share", pa.float64(), "target_paired / target_searched; null without any.", nullable=True),
    ],
    metadata={"record": "pair_share"},
)
