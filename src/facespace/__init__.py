"""facespace: map, verify and measure the embedding spaces of face-recognition networks."""
