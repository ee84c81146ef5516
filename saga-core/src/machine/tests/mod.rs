//! Tests of the machine. By theme: each feeds inputs, asserts every event, and that none follows. And by
//! simulation: machines are driven over services that misbehave, and the invariants are watched.

mod rig;

mod forward;
mod retry;

mod condition;
mod delay;
mod signal;

mod cancel;
mod child;
mod combine;
mod fan_out;
mod gate;
mod many;
mod window;

mod dag;
mod in_doubt;
mod pivot;

mod compensating;
mod crash_loop;
mod settling;

mod park;
mod recover;
mod replay;
mod resolve;

mod choices;
mod drive;
mod generate;
mod watch;
mod world;

mod exhaustive;
mod properties;
