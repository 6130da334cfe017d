# What is written elsewhere in the repository, read and not repeated.
locals {
  helm  = "${path.module}/.."
  istio = "${path.module}/../../istio"

  cluster = yamldecode(file("${local.helm}/kind.yaml"))
  shop    = yamldecode(file("${local.helm}/shop/values.yaml"))

  # Of a release, in the order in which Helm merges them.
  values = {
    base = [file("${local.istio}/install/base.yaml")]
    istiod = [
      file("${local.istio}/install/istiod.yaml"),
      # The mesh config is the one `mesh up` reads.
      yamlencode({ meshConfig = yamldecode(file("${local.istio}/mesh/meshconfig.yaml")) }),
    ]
    shop = [
      file("${local.helm}/kind-values.yaml"),
      # Another image under the same name runs when the pods are made anew.
      yamlencode({ services = { for name in keys(local.shop.services) : name => {
        podAnnotations = { "checksum/image" = local.built["services"] }
      } } }),
    ]
  }

  # As `make images` names them.
  images = [
    for name in ["services", "postgresql"] :
    "localhost/loopmesh/${name}:${yamldecode(file("${local.helm}/shop/Chart.yaml")).appVersion}"
  ]

  # What it has built under these names, by its bills of materials; nothing yet while the files are only checked.
  built = {
    for name in ["services", "postgresql"] : name =>
    try(jsondecode(file("${local.helm}/../dist/${name}.cdx.json")).metadata.component.hashes[0].content, "nothing")
  }
}
