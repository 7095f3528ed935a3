"""What the pages of two sentences say of them: candidates out of pages that are translations, and a bonus for edges
whose documents go together.
"""
