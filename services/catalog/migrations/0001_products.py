"""Products, and the assortment the shop opens with."""

import sqlalchemy as sa
from alembic import op

from services.catalog.seed import CURRENCY, products

revision = "0001"
down_revision = None


def upgrade() -> None:
    table = op.create_table(
        "products",
        sa.Column("id", sa.String(63), primary_key=True),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("category", sa.String(63), nullable=False),
        sa.Column("price_minor_units", sa.BigInteger, nullable=False),
        sa.Column("currency_code", sa.String(3), nullable=False),
    )
    rows = [
        {
            "id": product.id,
            "title": product.title,
            "description": product.description,
            "category": product.category,
            "price_minor_units": product.price_minor_units,
            "currency_code": CURRENCY,
        }
        for product in products()
    ]
    op.bulk_insert(table, rows)
