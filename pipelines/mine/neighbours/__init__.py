"""The room of neighbour search: what a search finds (`found`), what it is given (`sides`), and engines that all find
the same or say how much of it: exact in one pass on a processor (`exact`), FAISS's flat index (`flat`, the reference),
GPUs (`devices`, `cuda`), and indexes kept in files (`indexes`), built by size (`designs`) and measured (`recall`).
"""
