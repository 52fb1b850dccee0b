"""Read, normalise, compare: values in, values out."""
