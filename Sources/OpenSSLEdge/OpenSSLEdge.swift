// OpenSSLEdge
