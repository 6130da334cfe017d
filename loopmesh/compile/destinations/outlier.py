"""Outlier detection: which errors take an instance out, and for how long."""

from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.cluster.v3.outlier_detection_pb2 import OutlierDetection as EnvoyOutlierDetection

from loopmesh.compile.messages import duration
from loopmesh.model.destinations.outlier_detection import OutlierDetection


def apply_outlier_detection(cluster: Cluster, outlier: OutlierDetection) -> None:
    """As Istio's `applyOutlierDetection`: success-rate ejection off, a limit of 0 switches its detector off."""
    detection = EnvoyOutlierDetection()
    detection.enforcing_success_rate.value = 0
    if (limit := outlier.consecutive_5xx_errors) is not None:
        detection.consecutive_5xx.value = limit
        detection.enforcing_consecutive_5xx.value = 100 if limit else 0
    if (limit := outlier.consecutive_gateway_errors) is not None:
        detection.consecutive_gateway_failure.value = limit
        detection.enforcing_consecutive_gateway_failure.value = 100 if limit else 0
    if outlier.interval_ms is not None:
        detection.interval.CopyFrom(duration(outlier.interval_ms))
    if outlier.base_ejection_ms is not None:
        detection.base_ejection_time.CopyFrom(duration(outlier.base_ejection_ms))
    if outlier.max_ejection_percent:
        detection.max_ejection_percent.value = outlier.max_ejection_percent
    if outlier.split_local_errors:
        _split_local_errors(detection, outlier)
    cluster.outlier_detection.CopyFrom(detection)
    cluster.common_lb_config.healthy_panic_threshold.value = outlier.min_health_percent or 0


def _split_local_errors(detection: EnvoyOutlierDetection, outlier: OutlierDetection) -> None:
    detection.split_external_local_origin_errors = True
    detection.enforcing_local_origin_success_rate.value = 0
    if outlier.consecutive_local_errors:
        detection.consecutive_local_origin_failure.value = outlier.consecutive_local_errors
        detection.enforcing_consecutive_local_origin_failure.value = 100
