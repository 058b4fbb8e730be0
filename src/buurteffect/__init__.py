"""A reproducible research compendium on the Dutch mixed-neighbourhood policy (*gemengde wijk*)."""

__version__ = "0.1.0"
