"""Writes what was mined in the forms that others read: Moses text, TMX, lines in many languages, shares of the corpus.

Text files are streamed, row by row of the input's shards; beside them lies an index in Parquet, a row for each row
written, which says where it stands, so that ledger and audit count text files too.
"""
