"""Orders and their lines."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "orders",
        sa.Column("name", sa.String(80), primary_key=True),
        sa.Column("account", sa.String(80), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("recipient", sa.String(200), nullable=False),
        sa.Column("street", sa.String(200), nullable=False),
        sa.Column("postal_code", sa.String(20), nullable=False),
        sa.Column("city", sa.String(200), nullable=False),
        sa.Column("country_code", sa.String(2), nullable=False),
        sa.Column("currency_code", sa.String(3)),
        sa.Column("cancel_reason", sa.String(40)),
        sa.Column("cancel_message", sa.Text, nullable=False),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.Column("updated_us", sa.BigInteger, nullable=False),
    )
    op.create_index("orders_of_account", "orders", ["account", "created_us", "name"])
    op.create_table(
        "order_lines",
        sa.Column("order_name", sa.String(80), sa.ForeignKey("orders.name"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("product", sa.String(80), nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("unit_price_minor_units", sa.BigInteger),
    )
