//! The engine's arithmetic: packed weights, products, attention, activations; SIMD behind safe functions.
