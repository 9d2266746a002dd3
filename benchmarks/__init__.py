"""Figures as ratios to floors and to other tools, measured in one run: `make bench`."""
