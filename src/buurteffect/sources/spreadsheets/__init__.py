"""Workbooks, and tables that other software saved again."""
