output "edge" {
  description = "Where the shop answers on this machine."
  value       = "http://127.0.0.1:${local.cluster.nodes[0].extraPortMappings[0].hostPort}"
}
