//! ONNX protobuf types, a graph builder and an external-data writer; knows no model.
