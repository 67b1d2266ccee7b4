// SQLiteEdge
