// How the world misbehaves, and what must be true all the same: the plant with its oracle, the
// virtual machine room in which the real steps run, and the comparison of truth with what arrived.
