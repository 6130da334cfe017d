variable "istio_charts" {
  description = "Istio's Helm repository."
  type        = string
}

variable "istio_version" {
  description = "Of its charts."
  type        = string
  default     = "1.31.0"
}
