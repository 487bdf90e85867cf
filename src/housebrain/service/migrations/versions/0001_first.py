"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "keys",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(100), nullable=False, unique=True),
        sa.Column("hash", sa.String(64), nullable=False, unique=True),
        sa.Column("made", TIME, nullable=False),
        sa.Column("revoked", TIME),
    )
    op.create_table(
        "designs",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("made", TIME, nullable=False, index=True),
        sa.Column("key_id", sa.Integer, sa.ForeignKey("keys.id")),
        sa.Column("request_hash", sa.String(64), nullable=False),
        sa.Column("idempotency", sa.String(300), unique=True),
        sa.Column("brief", sa.JSON, nullable=False),
        sa.Column("answer", sa.JSON, nullable=False),
    )
    op.create_table(
        "feedback",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("design_id", sa.String(32), sa.ForeignKey("designs.id"), nullable=False, index=True),
        sa.Column("made", TIME, nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("content", sa.JSON, nullable=False),
    )
    op.create_table(
        "uses",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("made", TIME, nullable=False, index=True),
        sa.Column("outcome", sa.String(64), nullable=False),
        sa.Column("region", sa.String(64), nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("facts", sa.JSON, nullable=False),
    )


def downgrade() -> None:
    for table in ("uses", "feedback", "designs", "keys"):
        op.drop_table(table)
