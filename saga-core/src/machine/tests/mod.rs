//! Tests of the machine, by theme. Each feeds inputs and asserts every event, and that none follows.

mod rig;

mod forward;
