//! Extracts: contracts enforced, files frozen, bad rows quarantined.
