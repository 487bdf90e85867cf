"""Units of length and area. Everything in the project is in feet and square feet; this turns others into them."""

FT_PER_M = 3.28084
SQFT_PER_SQM = FT_PER_M**2
