"""The codebook of the panel and the coverage of its sources."""
