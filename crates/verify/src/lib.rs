//! Proves a bundle: manifest against graphs, backend against backend, records against both.
