"""Documents, and what a site says of them."""

from __future__ import annotations

import pyarrow as pa

from schemas.records.fields import field

SCORED_LANGUAGE = pa.struct(
    [
        pa.field("language", pa.string(), nullable=False),
        pa.field("score", pa.float32(), nullable=False),
    ]
)
SPAN = pa.struct(
    [
        pa.field("start", pa.int32(), nullable=False),
        pa.field("end", pa.int32(), nullable=False),
        pa.field("language", pa.string(), nullable=False),
    ]
)
PERSONAL = pa.struct(
    [
        pa.field("kind", pa.string(), nullable=False),
        pa.field("start", pa.int32(), nullable=False),
        pa.field("end", pa.int32(), nullable=False),
    ]
)
LISTED = pa.struct(
    [
        pa.field("list", pa.string(), nullable=False),
        pa.field("words", pa.int32(), nullable=False),
    ]
)
SIGNALS = pa.struct(
    [
        field("characters", pa.int32(), "Unicode code points of the text."),
        field(
            "length",
            pa.int32(),
            "Characters as an alphabet would need them: an ideograph counts three, a syllable of Hangul or kana two.",
        ),
        field(
            "words",
            pa.int32(),
            "Words by Unicode's rules (UAX #29), in scripts without spaces by ICU's dictionaries; by syllable in "
            "Tibetan and where ICU has none.",
        ),
        field("mean_word_length", pa.float32(), "Characters a word; 0 for a text without words."),
        field("letter_share", pa.float32(), "Share of letters and marks among characters that are not white space."),
        field("digit_share", pa.float32(), "Share of digits among characters that are not white space."),
        field("script_share", pa.float32(), "Share of the dominant script among the letters."),
        field("symbols_per_word", pa.float32(), "Hash signs and ellipses a word."),
        field("bullet_line_share", pa.float32(), "Share of lines that begin with a bullet."),
        field("ellipsis_line_share", pa.float32(), "Share of lines that end with an ellipsis."),
        field(
            "line_punctuation_share",
            pa.float32(),
            "Share of lines that end with a mark that ends a sentence or quotation in their script; in scripts without "
            "one (Thai, Lao), share of lines that are not short.",
        ),
        field(
            "short_line_share",
            pa.float32(),
            "Share of lines of 30 letters or fewer; an ideograph counts three, a syllable of Hangul or kana two.",
        ),
        field("newlines_per_word", pa.float32(), "Line ends a word."),
        field("duplicate_line_share", pa.float32(), "Share of characters in lines that occurred before in the text."),
        field("top_bigram_share", pa.float32(), "Share of the words' characters in the commonest pair of words."),
        field("top_trigram_share", pa.float32(), "The same of three words."),
        field("top_fourgram_share", pa.float32(), "The same of four words."),
        field(
            "duplicate_5gram_share",
            pa.float32(),
            "Share of the words' characters in runs of five words that occurred before in the text.",
        ),
        field("duplicate_6gram_share", pa.float32(), "The same of repeated runs of six words."),
        field("duplicate_7gram_share", pa.float32(), "The same of repeated runs of seven words."),
        field("duplicate_8gram_share", pa.float32(), "The same of repeated runs of eight words."),
        field("duplicate_9gram_share", pa.float32(), "The same of repeated runs of nine words."),
        field("duplicate_10gram_share", pa.float32(), "The same of repeated runs of ten words."),
        field(
            "stop_words",
            pa.int32(),
            "Different stop words of the language (stopwords-iso) that the text has; null where there is no list.",
            nullable=True,
        ),
        field("entropy", pa.float32(), "Shannon entropy of the characters, bits a character."),
        field(
            "exemplar_share",
            pa.float32(),
            "Share of letters that are in the language's orthography (CLDR's exemplar characters, by way of "
            "gflanguages); null where that is not known.",
            nullable=True,
        ),
        field("compression_ratio", pa.float32(), "Compressed bytes by UTF-8 bytes (zlib, level 6)."),
        field("debris_share", pa.float32(), "Share of characters in addresses, lines of program code and base64."),
        field("mojibake_share", pa.float32(), "Share of characters in lines that were decoded wrongly (ftfy, U+FFFD)."),
        field("mark_run", pa.int32(), "Longest run of combining marks."),
        field("placeholders", pa.int32(), "Lines of placeholder text (lorem ipsum)."),
        field("boilerplate_share", pa.float32(), "Share of characters in lines that stand all over their host."),
        field("listed_word_share", pa.float32(), "Share of words on the recipe's word lists."),
    ]
)

DOCUMENT = pa.schema(
    [
        field("id", pa.string(), "XXH3-128 in hex of the URL, a NUL and the text as it was read."),
        field("url", pa.string(), "Where the document was read, after redirects."),
        field("text", pa.string(), "Main text, NFC, lines separated by a newline."),
        field("title", pa.string(), "Title as the page gives it.", nullable=True),
        field("language", pa.string(), "Language key, ISO 639-3 and ISO 15924; und until identified."),
        field("script", pa.string(), "ISO 15924 code of the dominant script; Zyyy where no letter stands."),
        field("confidence", pa.float32(), "The model's probability for the language.", nullable=True),
        field("candidates", pa.list_(SCORED_LANGUAGE), "The model's best three keys with scores.", nullable=True),
        field(
            "agreement",
            pa.float32(),
            "Share of the models that know the language which put it first, of those written in the text's script.",
            nullable=True,
        ),
        field(
            "segments",
            pa.list_(SPAN),
            "Runs of sentences in one language, by code points of the text; null for a text in one language.",
            nullable=True,
        ),
        field(
            "code_mix",
            pa.float32(),
            "Share of letters in other languages than the main one (Das and Gambaeck 2014, by letters).",
            nullable=True,
        ),
        field("declared_language", pa.string(), "Language the page declares of itself, unchanged.", nullable=True),
        field("published", pa.string(), "Date of publication that the page gives, YYYY-MM-DD.", nullable=True),
        field("source", pa.string(), "Name of the source in the recipe."),
        field("snapshot", pa.string(), "Name of the snapshot that this reading belongs to."),
        field("warc_file", pa.string(), "WARC file of the record, for pages out of archives.", nullable=True),
        field("warc_offset", pa.int64(), "Byte offset of the record in that file.", nullable=True),
        field("content_sha256", pa.string(), "SHA-256 in hex of the body as received, after content decoding."),
        field("licence", pa.string(), "SPDX identifier, or the source's own words.", nullable=True),
        field("signals", SIGNALS, "Quality signals, computed once, judged by rules.", nullable=True),
        field(
            "personal",
            pa.list_(PERSONAL),
            "Personal data by kind and code points of the text, as it stands: masks where it was masked.",
            nullable=True,
        ),
        field(
            "listed",
            pa.list_(LISTED),
            "Words on the recipe's word lists, by list; null where it has none.",
            nullable=True,
        ),
        field("cluster_id", pa.string(), "Smallest document id of the near-duplicate cluster.", nullable=True),
        field("cluster_size", pa.int32(), "Documents in the cluster, this one included.", nullable=True),
        field(
            "weight",
            pa.int32(),
            "How often training repeats the document for its cluster's size, as the recipe has it; 0 leaves it out.",
            nullable=True,
        ),
    ],
    metadata={"record": "document"},
)

ALTERNATE = pa.schema(
    [
        field(
            "id",
            pa.string(),
            "XXH3-128 in hex of referrer, URL, target, hreflang and, for archives, the record's place.",
        ),
        field("url", pa.string(), "The page."),
        field("target", pa.string(), "The same page in another language, as the site says."),
        field("hreflang", pa.string(), "Language of the target as written (BCP 47, or x-default)."),
        field("referrer", pa.string(), "The page or sitemap that says so."),
        field("source", pa.string(), "Name of the source in the recipe."),
    ],
    metadata={"record": "alternate"},
)

MOVED = pa.schema(
    [
        field("id", pa.string(), "XXH3-128 in hex of URL, target and, for archives, the record's place."),
        field("url", pa.string(), "An address of the page that is not its own."),
        field("target", pa.string(), "Where it leads, by a redirect or by what the page names as its own address."),
        field("source", pa.string(), "Name of the source in the recipe."),
    ],
    metadata={"record": "moved"},
)
