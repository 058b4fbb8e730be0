"""How far an estimate depends on its assumptions, its sample and its specification."""
