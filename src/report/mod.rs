//! Published tables as lists and explanations for people.
