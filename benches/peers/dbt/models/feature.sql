{{ feature_as_of(as_of()) }}
