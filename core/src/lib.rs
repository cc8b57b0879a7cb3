//! One-time secrets: the model, the sealing, the response contracts and the
//! [`store::Store`] trait.

pub mod account;
pub mod api;
pub mod attempt;
pub mod contract;
pub mod entropy;
pub mod generate;
pub mod id;
pub mod limit;
pub mod metadata;
pub mod policy;
pub mod recipient;
pub mod seal;
pub mod secret;
pub mod state;
pub mod store;
pub mod system;
pub mod time;
pub mod vault;
