//! To come: zones. So far the ordered, versioned tree under them.

mod tree;
