# What `make kind` installs, for those who keep their clusters in Terraform: kind in Docker, Istio, the shop, but nothing of
# the tests. `make images` comes first.
resource "kind_cluster" "this" {
  name           = local.cluster.name
  wait_for_ready = true

  kind_config {
    kind        = local.cluster.kind
    api_version = local.cluster.apiVersion

    dynamic "node" {
      for_each = local.cluster.nodes
      content {
        role = node.value.role

        dynamic "extra_port_mappings" {
          for_each = try(node.value.extraPortMappings, [])
          content {
            container_port = extra_port_mappings.value.containerPort
            host_port      = extra_port_mappings.value.hostPort
            listen_address = extra_port_mappings.value.listenAddress
            protocol       = extra_port_mappings.value.protocol
          }
        }
      }
    }
  }
}

provider "helm" {
  kubernetes = {
    host                   = kind_cluster.this.endpoint
    client_certificate     = kind_cluster.this.client_certificate
    client_key             = kind_cluster.this.client_key
    cluster_ca_certificate = kind_cluster.this.cluster_ca_certificate
  }
}

resource "terraform_data" "images" {
  triggers_replace = [kind_cluster.this.id, local.images, local.built]

  provisioner "local-exec" {
    command = "kind load docker-image --name ${kind_cluster.this.name} ${join(" ", local.images)}"
  }
}

resource "helm_release" "istio_base" {
  name             = "istio-base"
  namespace        = "istio-system"
  create_namespace = true
  repository       = var.istio_charts
  chart            = "base"
  version          = var.istio_version
  values           = local.values.base
}

resource "helm_release" "istiod" {
  name       = "istiod"
  namespace  = helm_release.istio_base.namespace
  repository = var.istio_charts
  chart      = "istiod"
  version    = var.istio_version
  values     = local.values.istiod
}

resource "helm_release" "shop" {
  name             = "shop"
  namespace        = local.shop.namespace
  create_namespace = true
  chart            = "${local.helm}/shop"
  values           = local.values.shop
  depends_on       = [helm_release.istiod, terraform_data.images]
}
