"""Which pages are translations of each other: by what sites say of them (hreflang), and by their addresses."""
