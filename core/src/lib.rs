//! One-time secrets: the model, the sealing, the response contracts and the
//! [`store::Store`] trait.

pub mod attempt;
pub mod entropy;
pub mod id;
pub mod policy;
pub mod seal;
pub mod secret;
pub mod state;
pub mod store;
pub mod time;
