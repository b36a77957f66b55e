//! The `pocket-onnx` command.
fn main() {}
