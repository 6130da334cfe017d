"""The edge: REST, gRPC and reflection on one port."""

import grpc
import pytest
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from tests.e2e.shop_client import ask, order_request
from tests.targets.target import Application

pytestmark = pytest.mark.both_targets

PERMISSION_DENIED, UNIMPLEMENTED = "7", "12"
RESERVE = "shop.inventory.v1.InventoryService/Reserve"


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/nothing", "/v1/products/oak-tumbler/nothing", "/favicon.ico"])
def test_an_unknown_path_is_a_404(shop_anywhere: Application, path: str) -> None:
    answer = ask(f"{shop_anywhere.edge}{path}")
    assert answer.status == answer.body["status"] == 404
    assert isinstance(answer.body["message"], str)


@pytest.mark.parametrize(
    ("verb", "path"), [("DELETE", "/v1/products/oak-tumbler"), ("PUT", "/v1/orders"), ("POST", "/v1/stock/oak-tumbler")]
)
def test_a_verb_the_contracts_do_not_have_is_a_404(shop_anywhere: Application, verb: str, path: str) -> None:
    assert ask(f"{shop_anywhere.edge}{path}", {}, verb=verb).status == 404


@pytest.mark.parametrize(
    "path", [f"/{RESERVE}", f"//{RESERVE}", f"/v1/../{RESERVE}", "/%73" + RESERVE[1:], f"/x/%2e%2e/{RESERVE}"]
)
@pytest.mark.parametrize("kind", ["application/json", "application/grpc"])
def test_methods_that_stay_inside_are_out_of_reach_however_they_are_spelt(
    shop_anywhere: Application, path: str, kind: str
) -> None:
    answer = ask(f"{shop_anywhere.edge}{path}", {}, **{"content-type": kind})
    assert answer.status in (403, 404) or answer.headers["grpc-status"] in (PERMISSION_DENIED, UNIMPLEMENTED)


def test_percent_encoding_in_paths_and_queries_is_undone(shop_anywhere: Application) -> None:
    assert ask(f"{shop_anywhere.edge}/v1/products/oak%2Dtumbler").body["product"]["name"] == "products/oak-tumbler"
    found = ask(f"{shop_anywhere.edge}/v1/products?query=oak%20tumbler").body["products"]
    assert [product["name"] for product in found] == ["products/oak-tumbler"]
    names = "names=products%2Foak-tumbler&names=products/oak-pen-tray"
    several = ask(f"{shop_anywhere.edge}/v1/products:batchGet?{names}").body["products"]
    assert [product["name"] for product in several] == ["products/oak-tumbler", "products/oak-pen-tray"]


@pytest.mark.parametrize("query", ["colour=red", "pageSize=many", "pageSize=-1", "pageToken=!"])
def test_a_query_against_the_contract_is_a_400(shop_anywhere: Application, query: str) -> None:
    answer = ask(f"{shop_anywhere.edge}/v1/products?{query}")
    assert answer.status == 400
    assert query.partition("=")[0].casefold() in answer.body["message"].replace("_", "").casefold()


@pytest.mark.parametrize("content", ["{", "[]x", "no json"])
def test_a_body_that_is_no_json_is_a_400(shop_anywhere: Application, content: str) -> None:
    answer = ask(f"{shop_anywhere.edge}/v1/orders", content.encode())
    assert answer.status == answer.body["status"] == 400


def test_a_grpc_error_becomes_its_http_status_with_its_details(shop_anywhere: Application) -> None:
    answer = ask(f"{shop_anywhere.edge}/v1/products/moon")
    assert answer.status == 404
    assert answer.body["code"] == 5
    assert answer.body["details"][0]["@type"] == "type.googleapis.com/google.rpc.ResourceInfo"
    assert answer.body["details"][0]["resourceName"] == "products/moon"


def test_a_request_against_the_contract_is_a_400_that_names_the_field(shop_anywhere: Application) -> None:
    answer = ask(f"{shop_anywhere.edge}/v1/orders", {**order_request("accounts/ada", "products/oak-tumbler", 0)})
    assert answer.status == 400
    assert answer.body["details"][0]["fieldViolations"][0]["field"] == "lines[0].quantity"


def test_a_list_is_read_page_by_page_to_its_end(shop_anywhere: Application) -> None:
    seen: list[str] = []
    token = ""
    while True:
        # One version of the catalog for all pages: the canary orders lists in its own way.
        page = ask(
            f"{shop_anywhere.edge}/v1/products?pageSize=100&pageToken={token}", **{"x-catalog-version": "v2"}
        ).body
        seen += [product["name"] for product in page["products"]]
        token = page["nextPageToken"]
        if not token:
            break
    assert len(seen) == len(set(seen)) == 216


def test_the_preview_header_always_meets_the_new_version(shop_anywhere: Application) -> None:
    versions = {
        ask(f"{shop_anywhere.edge}/v1/products/oak-tumbler", **{"x-catalog-version": "v2"}).headers["x-version"]
        for _ in range(20)
    }
    assert versions == {"v2"}


def test_without_the_header_most_calls_meet_the_old_version_and_some_the_new(shop_anywhere: Application) -> None:
    versions = [ask(f"{shop_anywhere.edge}/v1/products/oak-tumbler").headers["x-version"] for _ in range(200)]
    # 10 % of 200: outside 3 to 45 happens less than once in a million runs.
    assert 3 <= versions.count("v2") <= 45
    assert versions.count("v1") + versions.count("v2") == 200


def test_reflection_lists_the_whole_public_api(shop_anywhere: Application) -> None:
    with grpc.insecure_channel(shop_anywhere.edge.removeprefix("http://")) as channel:
        names = set(ProtoReflectionDescriptorDatabase(channel).get_services())
    assert names >= {
        "shop.catalog.v1.CatalogService",
        "shop.inventory.v1.InventoryService",
        "shop.orders.v1.OrderService",
        "shop.shipping.v1.ShippingService",
        "shop.wallet.v1.WalletService",
    }


def test_an_error_of_the_edge_itself_is_json_for_rest_and_plain_words_for_grpc(shop_anywhere: Application) -> None:
    forbidden = ask(f"{shop_anywhere.edge}/{RESERVE}", {})
    assert (forbidden.status, forbidden.body) == (403, {"status": 403, "message": "RBAC: access denied"})
    address = shop_anywhere.edge.removeprefix("http://")
    with grpc.insecure_channel(address) as channel, pytest.raises(grpc.RpcError) as denied:
        channel.unary_unary(f"/{RESERVE}", bytes, bytes)(b"")
    assert denied.value.details() == "RBAC: access denied"


def test_headers_with_underscores_are_refused(shop_anywhere: Application) -> None:
    assert ask(f"{shop_anywhere.edge}/v1/products/oak-tumbler", x_catalog_version="v2").status == 400
