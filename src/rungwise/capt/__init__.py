"""CAPT: the events of a text found and replaced, so that no name carries information (arXiv 2506.09433)."""
