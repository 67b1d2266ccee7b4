// What an uplink proves itself with in its requests: a bearer token, from a file or from a service.

public import Primitives

/// Where a token comes from.
public enum SecretSource: Equatable, Sendable {
  /// There is none.
  case none
  /// A file, read anew for each connection.
  case file
  /// A token service (RFC 6749 section 4.4), asked when there is none that holds.
  case service
}

/// What became of asking for a token.
public enum Secret: Equatable, Sendable {
  case none
  /// A token, and when the next one is to be fetched.
  case token(String, staleAt: Instant?)
  /// It can't be had, the one before goes on being used; says why.
  case kept(why: String)
  /// There is none; lasting when a person has to put it right.
  case fault(String, isLasting: Bool)
}
