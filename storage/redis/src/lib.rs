//! The store over Redis, Sentinel or Redis Cluster: many nodes, one state.
