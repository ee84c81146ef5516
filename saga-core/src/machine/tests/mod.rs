//! Tests of the machine, by theme. Each feeds inputs and asserts every event, and that none follows.

mod rig;

mod forward;
mod retry;

mod dag;
mod in_doubt;
mod pivot;

mod compensating;
mod settling;

mod park;
mod recover;
mod replay;
