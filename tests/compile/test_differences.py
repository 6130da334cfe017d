"""Where two configurations of the mesh differ."""

import pytest
from envoy.config.cluster.v3.cluster_pb2 import Cluster

from loopmesh.compile import ProxyConfig, differences
from loopmesh.model.difference import Change, Part, PartDifference

TWO = ("outbound|9443||secure", "passed-on|9443||secure")
"""Clusters that lead to one destination in two ways."""


def config(changed: str = "") -> ProxyConfig:
    clusters = {name: Cluster(name=name, alt_stat_name="changed" if name == changed else "") for name in TWO}
    return ProxyConfig(clusters=clusters, endpoints={}, listeners={}, routes={})


@pytest.mark.parametrize("changed", TWO)
def test_a_change_of_one_of_two_ways_to_a_destination_is_told(changed: str) -> None:
    part = PartDifference(part=Part.DESTINATION, name="secure:9443", change=Change.CHANGED)
    assert differences({"a-0": config()}, {"a-0": config(changed)}) == {"a-0": [part]}


def test_what_is_the_same_is_not_told() -> None:
    assert differences({"a-0": config()}, {"a-0": config()}) == {}
