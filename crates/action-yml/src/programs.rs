//! The six.

use crate::program::Program;

/// In the order in which a deploy runs them.
pub fn all() -> Vec<Program> {
    Vec::new()
}
