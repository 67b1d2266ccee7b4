// ModbusEdge
