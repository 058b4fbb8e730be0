"""Boundaries, addresses and crosswalks between areas of two years."""
