// LinuxEdge
