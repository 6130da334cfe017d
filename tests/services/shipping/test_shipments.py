"""Shipments: where the shop delivers, and what calling one off leaves."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
import pytest
from google.rpc.error_details_pb2 import ErrorInfo
from shop.shipping.v1 import shipping_pb2

from services.shipping.domain import SERVED_COUNTRIES
from tests.services.running import RefusedError, Running, running

NAME = "shipments/1"


@pytest.fixture
async def shipping(tmp_path: Path, migrated_url: Callable[[str], str]) -> AsyncIterator[Running]:
    async with running("shipping", tmp_path, migrated_url("shipping")) as shipping:
        yield shipping


def address(country: str = "DE") -> shipping_pb2.Address:
    return shipping_pb2.Address(recipient="Ada", street="Unter den Linden 1", city="Berlin", country_code=country)


async def arrange(shipping: Running, country: str = "DE", name: str = NAME) -> Any:
    request = shipping_pb2.ArrangeShipmentRequest(
        name=name, order="orders/1", address=address(country), request_id=str(uuid4())
    )
    return (await shipping.call("ArrangeShipment", request)).shipment


async def cancel(shipping: Running) -> Any:
    return await shipping.call("CancelShipment", shipping_pb2.CancelShipmentRequest(name=NAME, request_id=str(uuid4())))


async def get(shipping: Running) -> Any:
    return (await shipping.call("GetShipment", shipping_pb2.GetShipmentRequest(name=NAME))).shipment


async def test_a_shipment_is_kept_with_its_order_its_address_and_a_tracking_code(shipping: Running) -> None:
    arranged = await arrange(shipping)
    assert await get(shipping) == arranged
    assert (arranged.order, arranged.address) == ("orders/1", address())
    assert arranged.state == shipping_pb2.SHIPMENT_STATE_ARRANGED
    assert arranged.tracking_code.startswith("LM")
    assert (await arrange(shipping, name="shipments/2")).tracking_code != arranged.tracking_code


async def test_a_country_nobody_delivers_to_is_refused_and_nothing_is_kept(shipping: Running) -> None:
    with pytest.raises(RefusedError) as refused:
        await arrange(shipping, "AQ")
    info = refused.value.details[0]
    assert isinstance(info, ErrorInfo)
    assert (info.reason, info.metadata["country_code"]) == ("COUNTRY_NOT_SERVED", "AQ")
    with pytest.raises(RefusedError) as missing:
        await get(shipping)
    assert missing.value.code is grpc.StatusCode.NOT_FOUND


async def test_every_served_country_gets_a_shipment(shipping: Running) -> None:
    for country in sorted(SERVED_COUNTRIES):
        shipment = await arrange(shipping, country, f"shipments/{country.lower()}")
        assert shipment.state == shipping_pb2.SHIPMENT_STATE_ARRANGED


async def test_a_cancelled_shipment_stays_cancelled(shipping: Running) -> None:
    await arrange(shipping)
    for _ in range(2):
        assert (await cancel(shipping)).shipment.state == shipping_pb2.SHIPMENT_STATE_CANCELLED
    assert (await arrange(shipping)).state == shipping_pb2.SHIPMENT_STATE_CANCELLED


async def test_an_arrangement_that_comes_after_its_cancellation_books_nothing(shipping: Running) -> None:
    assert not (await cancel(shipping)).HasField("shipment")
    assert (await arrange(shipping)).state == shipping_pb2.SHIPMENT_STATE_CANCELLED


@pytest.mark.parametrize("country", ["de", "D", "DEU", ""])
async def test_a_country_must_be_a_code_of_two_capitals(shipping: Running, country: str) -> None:
    with pytest.raises(RefusedError) as refused:
        await arrange(shipping, country)
    assert refused.value.code is grpc.StatusCode.INVALID_ARGUMENT
