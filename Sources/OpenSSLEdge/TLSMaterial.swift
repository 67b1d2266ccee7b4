// The files of one side of TLS, read whole before anything is made of them.
//
// Invariants
// - Everything is made from the very bytes that were compared: a file that changes between two
//   reads can't slip in unseen.
// - A file that ends inside a PEM block is refused: it is being written. Nothing of it is used.
// - Private keys are read only from files that nobody else can read.

import COpenSSL

/// The bytes of certificates, keys and revocation lists, and what they are known by.
struct TLSMaterial {
  struct File {
    var path: String
    var bytes: [UInt8]
  }

  var authorities: File?
  var revocations: File?
  var certificate: File?
  var key: File?

  /// Reads the files of a client.
  init(_ settings: TLSClientSettings) throws(TLSSettingsFault) {
    authorities = try Self.read(settings.caFile, "CA file")
    revocations = try Self.read(settings.crlFile, "CRL file")
    certificate = try Self.read(settings.certificateFile, "certificate")
    key = try Self.read(settings.keyFile, "key", isPrivate: true)
  }

  /// Reads the files of a server.
  init(certificate: String, key: String, clientCA: String?) throws(TLSSettingsFault) {
    authorities = try Self.read(clientCA, "CA file")
    self.certificate = try Self.read(certificate, "certificate")
    self.key = try Self.read(key, "key", isPrivate: true)
  }

  /// The same for the same bytes under the same names.
  var digest: [UInt8] {
    var all: [UInt8] = []
    for file in [authorities, revocations, certificate, key] {
      all += SHA256.digest(file?.bytes ?? [])
    }
    return SHA256.digest(all)
  }

  private static func read(
    _ path: String?, _ what: String, isPrivate: Bool = false
  ) throws(TLSSettingsFault) -> File? {
    guard let path else { return nil }
    let bytes: [UInt8]
    do {
      bytes = try FileBytes.read(path, what: what, isPrivate: isPrivate)
    } catch {
      throw TLSSettingsFault(error.description)
    }
    guard count("-----BEGIN ", bytes) == count("-----END ", bytes) else {
      throw TLSSettingsFault("reading \(what) \(path): it ends in the middle; write it anew, whole")
    }
    return File(path: path, bytes: bytes)
  }

  /// How many lines begin with these words.
  private static func count(_ words: String, _ bytes: [UInt8]) -> Int {
    bytes.split(separator: 10).count { $0.starts(with: words.utf8) }
  }
}

extension TLSMaterial.File {
  /// Runs over what is in the file, block by block, until `next` finds no more.
  private func each(_ next: (OpaquePointer?) -> Bool) {
    let memory = inMemory()
    defer { BIO_free(memory) }
    while next(memory) {}
    ERR_clear_error()
  }

  private func inMemory() -> OpaquePointer? {
    let memory = BIO_new(BIO_s_mem())
    _ = BIO_write(memory, bytes, Int32(clamping: bytes.count))
    return memory
  }

  /// Adds the certificates to a store; how many there were.
  func addCertificates(to store: OpaquePointer?) -> Int {
    var count = 0
    each { memory in
      guard let found = PEM_read_bio_X509(memory, nil, nil, nil) else { return false }
      defer { X509_free(found) }
      if X509_STORE_add_cert(store, found) == 1 { count += 1 }
      return true
    }
    return count
  }

  /// Adds the revocation lists, PEM or DER, to a store; how many there were.
  func addRevocations(to store: OpaquePointer?) -> Int {
    var count = 0
    // DER begins with a sequence (0x30), PEM with text.
    let isText = bytes.first != 0x30
    each { memory in
      let list =
        isText ? PEM_read_bio_X509_CRL(memory, nil, nil, nil) : d2i_X509_CRL_bio(memory, nil)
      guard let list else { return false }
      defer { X509_CRL_free(list) }
      if X509_STORE_add_crl(store, list) == 1 { count += 1 }
      return true
    }
    return count
  }

  /// Gives a context its own certificate and those behind it; false without one.
  func useChain(in context: OpaquePointer?) -> Bool {
    var count = 0
    var isTaken = true
    each { memory in
      guard let found = PEM_read_bio_X509(memory, nil, nil, nil) else { return false }
      defer { X509_free(found) }
      let result =
        count == 0
        ? SSL_CTX_use_certificate(context, found)
        : Int32(takt_SSL_CTX_add1_chain_cert(context, found))
      isTaken = isTaken && result == 1
      count += 1
      return isTaken
    }
    return isTaken && count > 0
  }

  /// Gives a context its private key; false when it is none, or of another certificate.
  func useKey(in context: OpaquePointer?) -> Bool {
    let memory = inMemory()
    defer { BIO_free(memory) }
    guard let key = PEM_read_bio_PrivateKey(memory, nil, nil, nil) else { return false }
    defer { EVP_PKEY_free(key) }
    return SSL_CTX_use_PrivateKey(context, key) == 1 && SSL_CTX_check_private_key(context) == 1
  }
}
