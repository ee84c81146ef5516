//! The runtime: it acts on what the machine decides.
