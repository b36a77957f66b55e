//! Turns a checkpoint into ONNX graphs, one file per pocket-tts module.
