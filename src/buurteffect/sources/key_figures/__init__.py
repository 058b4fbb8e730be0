"""CBS Kerncijfers wijken en buurten: which files are tables of it, and how they are read."""
