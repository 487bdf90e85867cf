"""IFC4: the house as a model for architects' programs."""
