"""What Alembic runs: over the connection that `Store` gives, or, from the command line, over `-x address=...`."""

from alembic import context
from sqlalchemy import create_engine

from housebrain.service.store import Base

connection = context.config.attributes.get("connection")
if connection is None:
    connection = create_engine(context.get_x_argument(as_dictionary=True)["address"]).connect()
context.configure(connection=connection, target_metadata=Base.metadata, transactional_ddl=False)
context.run_migrations()
