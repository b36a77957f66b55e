//! pocket-tts configurations, variants, weights and the hub; knows no graph.
