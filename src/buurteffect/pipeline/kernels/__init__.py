"""Kernels and processes in which notebooks run."""
