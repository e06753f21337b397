terraform {
  required_providers {
    helm = {
      source  = "hashicorp/helm"
      version = "~> 3.0"
    }
  }
}

resource "helm_release" "milvus" {
  name       = "my-release"
  namespace  = "milvus"
  repository = "https://zilliztech.github.io/milvus-helm/"
  chart      = "milvus"
  version    = "5.0.19"

  postrender = {
    binary_path = "milvus-gke-l7"
    args        = ["--host=milvus.example.com"]
  }
}
