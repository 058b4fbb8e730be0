"""Values of single fields: area codes, reasons for missing values, sums that have to add up."""
