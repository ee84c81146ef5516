//! What has gone wrong in other libraries of this kind, and must not here. All of these tests, those that stand
//! elsewhere too, have `peer_` in their name.

mod cancelling;
mod compensating;
mod doubt;
mod leases;
mod recovering;
