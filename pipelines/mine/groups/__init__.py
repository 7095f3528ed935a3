"""Groups of sentences that mean the same in many languages, out of mined pairs: built around pivots, then checked by
comparing members with each other, which the pivot had no part in."""
