"""DXF: the house as drawings for CAD programs."""
