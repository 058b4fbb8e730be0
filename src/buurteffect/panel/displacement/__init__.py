"""The panel of households displaced by demolition."""
