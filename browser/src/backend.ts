/** What runs a model: the engine of this project, or ONNX Runtime Web. */
export type Backend = "engine" | "onnxruntime";
