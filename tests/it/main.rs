

mod source;
