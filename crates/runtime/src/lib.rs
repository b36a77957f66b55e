//! Runs the graphs of a bundle and carries their state from call to call.
