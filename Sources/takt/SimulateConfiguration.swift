import Simulation

enum SimulateConfiguration {
  static func text(_ options: SimulateOptions) -> String { "" }
}
