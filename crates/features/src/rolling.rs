//! Functions of the last n rows.
