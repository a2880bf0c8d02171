//! All or nothing: staged files, a numbered log, exports.
