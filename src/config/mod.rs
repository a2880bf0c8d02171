//! The pipeline's YAML, typed, and the cfg_* tables made of it.
