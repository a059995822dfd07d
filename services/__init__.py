"""The services of Diachi. `address` is the pure domain; everything else is an edge around it."""
