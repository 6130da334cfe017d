"""The ledger, kept answers, and the customers the shop opens with."""

import sqlalchemy as sa
from alembic import op

from services.wallet.domain import EventKind, postings_of
from services.wallet.seed import CURRENCY, CUSTOMERS, OPENED

revision = "0001"
down_revision = None


def upgrade() -> None:
    accounts = op.create_table(
        "accounts",
        sa.Column("id", sa.String(63), primary_key=True),
        sa.Column("currency_code", sa.String(3), nullable=False),
    )
    events = op.create_table(
        "events",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("account", sa.String(63), nullable=False),
        sa.Column("reference", sa.String(80), nullable=False),
        sa.Column("minor_units", sa.BigInteger, nullable=False),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("reference", "kind", name="one_event_of_a_kind"),
    )
    postings = op.create_table(
        "postings",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("event", sa.Integer, sa.ForeignKey("events.id"), nullable=False),
        sa.Column("account", sa.String(63), nullable=False),
        sa.Column("minor_units", sa.BigInteger, nullable=False),
    )
    op.create_index("postings_of_account", "postings", ["account", "id"])
    op.create_table(
        "requests",
        sa.Column("method", sa.String(100), primary_key=True),
        sa.Column("request_id", sa.String(36), primary_key=True),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("answer", sa.LargeBinary, nullable=False),
    )
    op.bulk_insert(accounts, [{"id": customer, "currency_code": CURRENCY} for customer in CUSTOMERS])
    for customer, minor_units in CUSTOMERS.items():
        row = {
            "kind": EventKind.DEPOSITED.value,
            "account": customer,
            "reference": f"deposits/opening-{customer}",
            "minor_units": minor_units,
            "created_us": int(OPENED.timestamp()) * 1_000_000,
        }
        event = op.get_bind().execute(events.insert().values(row).returning(events.c.id)).scalar_one()
        sides = postings_of(EventKind.DEPOSITED, customer, minor_units)
        op.bulk_insert(postings, [{"event": event, "account": side, "minor_units": units} for side, units in sides])
