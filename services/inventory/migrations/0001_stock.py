"""Stock, reservations, kept answers, and the stock the shop opens with."""

import sqlalchemy as sa
from alembic import op

from services.inventory.seed import stock

revision = "0001"
down_revision = None


def upgrade() -> None:
    table = op.create_table(
        "stock",
        sa.Column("product", sa.String(63), primary_key=True),
        sa.Column("available", sa.Integer, sa.CheckConstraint("available >= 0"), nullable=False),
        sa.Column("reserved", sa.Integer, sa.CheckConstraint("reserved >= 0"), nullable=False),
    )
    op.create_table(
        "reservations",
        sa.Column("id", sa.String(63), primary_key=True),
        sa.Column("state", sa.String(20), nullable=False),
    )
    op.create_table(
        "reservation_lines",
        sa.Column("reservation", sa.String(63), sa.ForeignKey("reservations.id"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("product", sa.String(63), nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
    )
    op.create_table(
        "requests",
        sa.Column("method", sa.String(100), primary_key=True),
        sa.Column("request_id", sa.String(36), primary_key=True),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("answer", sa.LargeBinary, nullable=False),
    )
    op.bulk_insert(table, [{"product": product, "available": units, "reserved": 0} for product, units in stock()])
