"""Where products are kept."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from services.catalog.domain import Product, ProductNotFoundError
from services.chassis.database import reading

metadata = sa.MetaData()
products = sa.Table(
    "products",
    metadata,
    sa.Column("id", sa.String(63), primary_key=True),
    sa.Column("title", sa.String(200), nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("category", sa.String(63), nullable=False),
    sa.Column("price_minor_units", sa.BigInteger, nullable=False),
    sa.Column("currency_code", sa.String(3), nullable=False),
)


class CatalogStore:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = reading(engine)

    async def all(self) -> list[Product]:
        return await self._select(sa.select(products))

    async def get(self, ids: Sequence[str]) -> list[Product]:
        """In the order asked. Raises ProductNotFoundError for the first that is missing."""
        found = {
            product.id: product for product in await self._select(sa.select(products).where(products.c.id.in_(ids)))
        }
        for one in ids:
            if one not in found:
                raise ProductNotFoundError(f"products/{one}")
        return [found[one] for one in ids]

    async def _select(self, query: sa.Select[tuple[object, ...]]) -> list[Product]:
        async with self._engine.connect() as connection:
            rows = await connection.execute(query)
            return [Product(**row._mapping) for row in rows]
