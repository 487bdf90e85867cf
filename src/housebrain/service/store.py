"""Where a service keeps designs, what clients said of them, its keys and its use: SQLite, or Postgres by its address.

A design is committed before its request is answered: what was acknowledged outlives a kill. Migrations are Alembic's.
"""

import hashlib
import math
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import (
    JSON,
    Connection,
    DateTime,
    Dialect,
    Engine,
    ForeignKey,
    String,
    TypeDecorator,
    create_engine,
    event,
    func,
    inspect,
    select,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError, OperationalError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from housebrain.errors import UserError, words_of
from housebrain.redact import redacted

MIGRATIONS = Path(__file__).with_name("migrations")
VERSIONS = "alembic_version"  # the table in which Alembic keeps how far the others are
TRIES = 6  # of a statement whose connection broke, over some 6 s: a database that restarts comes back
KEY_PREFIX = "hb_"
LONGEST_NAME = 100  # characters of a key's name
T = TypeVar("T")


class Moment(TypeDecorator[datetime]):
    """A time with its zone, UTC; SQLite forgets the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True
    python_type = datetime

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        # Postgres gives the zone of its own session: days would be its days.
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    type_annotation_map: ClassVar = {dict[str, Any]: JSON, datetime: Moment}


class StoredDesign(Base):
    """A request that was answered: the brief, and its designs, best first."""

    __tablename__ = "designs"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    made: Mapped[datetime] = mapped_column(index=True)
    key_id: Mapped[int | None] = mapped_column(ForeignKey("keys.id"))
    request_hash: Mapped[str] = mapped_column(String(64))
    # Who asked and the request's `Idempotency-Key`: the same pair gets the same answer.
    idempotency: Mapped[str | None] = mapped_column(String(300), unique=True)
    brief: Mapped[dict[str, Any]]
    answer: Mapped[dict[str, Any]]


class StoredFeedback(Base):
    """What a client said of a design."""

    __tablename__ = "feedback"
    id: Mapped[int] = mapped_column(primary_key=True)
    design_id: Mapped[str] = mapped_column(ForeignKey("designs.id"), index=True)
    made: Mapped[datetime]
    verdict: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str]
    content: Mapped[dict[str, Any]]


class StoredUse(Base):
    """One request for a design, whatever came of it; it holds nothing that the client wrote."""

    __tablename__ = "uses"
    id: Mapped[int] = mapped_column(primary_key=True)
    made: Mapped[datetime] = mapped_column(index=True)
    outcome: Mapped[str] = mapped_column(String(64))
    region: Mapped[str] = mapped_column(String(64))
    seconds: Mapped[float]
    facts: Mapped[dict[str, Any]]


class StoredKey(Base):
    """A client's key; only its hash is kept."""

    __tablename__ = "keys"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(LONGEST_NAME), unique=True)
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    made: Mapped[datetime]
    revoked: Mapped[datetime | None]


@event.listens_for(Base, "load", propagate=True)
def _check(row: Base, _: object) -> None:
    """Refuses a row with a value of another kind than its column's: SQLite takes any value in any column.

    What is in a column of JSON, whose kind is `object`, its readers look at.

    Raises:
        DamagedRowError: naming table, row and column.
    """
    for column in row.__table__.columns:
        value, kind = getattr(row, column.name), column.type.python_type
        if not (isinstance(value, kind) or (value is None and column.nullable)):
            found = "nothing" if value is None else type(value).__name__
            raise damaged(row, f"{column.name} is of kind {found}, not {kind.__name__}")
        if isinstance(value, float) and not math.isfinite(value):
            raise damaged(row, f"{column.name} is {value}")


class ConflictError(Exception):
    """The idempotency key was used for another request."""


class DamagedRowError(Exception):
    """A row holds what no version of this code puts there."""


def damaged(row: Base, wrong: str) -> DamagedRowError:
    """What is said of a row: `uses 7: region is of kind bytes, not str`."""
    return DamagedRowError(f"{row.__tablename__} {row.__mapper__.primary_key_from_instance(row)[0]}: {wrong}")


class Store:
    """The database behind a service.

    Args:
        address: SQLAlchemy's, such as `sqlite:///housebrain.db` or `postgresql+psycopg://user@host/name`.

    Raises:
        UserError: the address is not one, nothing answers there, or the database is something else's.
    """

    def __init__(self, address: str) -> None:
        self.engine = _engine(address)
        try:
            self._migrate(address)
        except (DBAPIError, UnicodeDecodeError) as error:
            self.close()
            raise _unusable(address, error) from error

    def _migrate(self, address: str) -> None:
        """Brings the tables to this version's form; one process at a time does, where several start at once."""
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        with self.engine.begin() as connection:
            if connection.dialect.name == "postgresql":  # SQLite's transactions exclude each other as they are
                connection.exec_driver_sql("select pg_advisory_xact_lock(7368)")
            _refuse_others(connection, address, ScriptDirectory.from_config(config))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
        if self.engine.dialect.name == "sqlite":  # the file keeps it; not before it is known to be ours
            with closing(self.engine.raw_connection()) as raw:
                raw.cursor().execute("PRAGMA journal_mode=WAL")

    def close(self) -> None:
        self.engine.dispose()

    def ready(self) -> bool:
        """Whether the database answers now."""
        try:
            with self.engine.connect() as connection:
                connection.execute(select(1))
        except DBAPIError:
            return False
        return True

    def _retried(self, work: Callable[[Session], T]) -> T:
        """Does something in a transaction, again where the connection broke on the way."""
        for attempt in range(TRIES):
            try:
                with Session(self.engine, expire_on_commit=False) as session, session.begin():
                    return work(session)
            except DBAPIError as error:
                again = error.connection_invalidated or isinstance(error, OperationalError)
                if not again or attempt == TRIES - 1:
                    raise
                time.sleep(0.1 * 2**attempt)
            except (ValueError, TypeError) as error:  # of a column's text
                raise DamagedRowError(str(error)) from error
        raise AssertionError

    # Designs.

    def add_design(self, stored: StoredDesign) -> StoredDesign:
        """Keeps a design; where its idempotency key came before with the same request, the one of then is returned.

        Raises:
            ConflictError: it came before with another request.
        """

        def insert(session: Session) -> StoredDesign:
            session.merge(stored)
            return stored

        try:
            return self._retried(insert)
        except IntegrityError:
            before = self.find_idempotent(stored.idempotency, stored.request_hash)
            if before is None:
                raise
            return before

    def find_idempotent(self, idempotency: str | None, request_hash: str) -> StoredDesign | None:
        """The design that answered a request with this idempotency key.

        Raises:
            ConflictError: it was another request.
        """
        if idempotency is None:
            return None
        query = select(StoredDesign).where(StoredDesign.idempotency == idempotency)
        found = self._retried(lambda session: session.scalar(query))
        if found is not None and found.request_hash != request_hash:
            raise ConflictError
        return found

    def design(self, design_id: str) -> StoredDesign | None:
        return self._retried(lambda session: session.get(StoredDesign, design_id))

    def designs(self, limit: int, before: str | None, key_id: int | None) -> list[StoredDesign]:
        """The newest designs of a key, or of all where there is none, older than `before`."""
        query = select(StoredDesign).order_by(StoredDesign.made.desc(), StoredDesign.id.desc()).limit(limit)
        if key_id is not None:
            query = query.where(StoredDesign.key_id == key_id)
        if before is not None:
            last = self.design(before)
            if last is None:
                return []
            query = query.where(
                (StoredDesign.made < last.made) | ((StoredDesign.made == last.made) & (StoredDesign.id < last.id))
            )
        return self._retried(lambda session: list(session.scalars(query)))

    # Feedback and use.

    def add(self, row: StoredFeedback | StoredUse) -> None:
        def insert(session: Session) -> None:
            session.add(row)

        self._retried(insert)

    def feedback(self) -> Iterator[tuple[StoredFeedback, StoredDesign]]:
        """All feedback, oldest first, each with the design that it is about."""
        query = select(StoredFeedback, StoredDesign).join(StoredDesign).order_by(StoredFeedback.id)
        with Session(self.engine) as session:
            rows = iter(session.execute(query.execution_options(yield_per=100)))
            while True:
                try:
                    feedback, design = next(rows)
                except StopIteration:
                    return
                except (ValueError, TypeError) as error:
                    raise DamagedRowError(str(error)) from error
                yield feedback, design

    def feedback_counts(self, design_id: str) -> dict[str, int]:
        """How often a design got each verdict."""
        query = (
            select(StoredFeedback.verdict, func.count())
            .where(StoredFeedback.design_id == design_id)
            .group_by(StoredFeedback.verdict)
        )
        return self._retried(lambda session: {row[0]: row[1] for row in session.execute(query)})

    def verdicts(self, since: datetime) -> dict[str, int]:
        """How often each verdict was given, from a time on."""
        query = (
            select(StoredFeedback.verdict, func.count())
            .where(StoredFeedback.made >= since)
            .group_by(StoredFeedback.verdict)
        )
        return self._retried(lambda session: {row[0]: row[1] for row in session.execute(query)})

    def uses(self, since: datetime) -> list[StoredUse]:
        query = select(StoredUse).where(StoredUse.made >= since).order_by(StoredUse.id)
        return self._retried(lambda session: list(session.scalars(query)))

    # Keys.

    def add_key(self, name: str) -> str:
        """Makes a key; only now is it known. A name whose key was revoked gets a new one, and keeps its designs.

        Raises:
            UserError: there is one of that name, or it is no name.
        """
        if not name.isprintable() or not 0 < len(name.strip()) <= len(name) <= LONGEST_NAME:
            raise UserError(
                f"{name!r}: no name for a key. Take up to {LONGEST_NAME} characters in one line that can be seen."
            )
        key = KEY_PREFIX + secrets.token_urlsafe(32)

        taken = f"there is a key named {name!r}. Take another name, or revoke it first."

        def insert(session: Session) -> None:
            known = session.scalar(select(StoredKey).where(StoredKey.name == name))
            if known is None:
                session.add(StoredKey(name=name, hash=key_hash(key), made=now(), revoked=None))
            elif known.revoked is None:
                raise UserError(taken)
            else:
                known.hash, known.made, known.revoked = key_hash(key), now(), None

        try:
            self._retried(insert)
        except IntegrityError as error:  # made by another process meanwhile
            raise UserError(taken) from error
        return key

    def revoke_key(self, name: str) -> None:
        """Ends a key.

        Raises:
            UserError: there is none of that name.
        """

        def revoke(session: Session) -> bool:
            key = session.scalar(select(StoredKey).where(StoredKey.name == name))
            if key is not None:
                key.revoked = now()
            return key is not None

        if not self._retried(revoke):
            raise UserError(f"there is no key named {name!r}. `housebrain keys list` shows all.")

    def clients(self) -> list[StoredKey]:
        return self._retried(lambda session: list(session.scalars(select(StoredKey).order_by(StoredKey.id))))

    def key_id(self, key: str) -> int | None:
        """The number of a key that may be used; None for any other text."""
        query = select(StoredKey.id).where(StoredKey.hash == key_hash(key), StoredKey.revoked.is_(None))
        return self._retried(lambda session: session.scalar(query))


def key_hash(key: str) -> str:
    """SHA-256 is enough here: a key holds 256 random bits, which nobody guesses."""
    return hashlib.sha256(key.encode()).hexdigest()


def now() -> datetime:
    return datetime.now(UTC)


def _engine(address: str) -> Engine:
    try:
        url = make_url(address)
        engine = create_engine(url, pool_pre_ping=True, pool_size=8, max_overflow=24)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError, TypeError) as error:
        raise UserError(
            f"{redacted(address)}: not a database's address ({' '.join(str(error).split())}). Give "
            "sqlite:///FILE or postgresql+psycopg://HOST/NAME."
        ) from error
    if url.get_backend_name() == "sqlite":

        @event.listens_for(engine, "connect")
        def pragmas(connection: Any, _: Any) -> None:
            connection.isolation_level = None  # transactions begin where SQLAlchemy says, not where Python guesses
            cursor = connection.cursor()
            for pragma in ("synchronous=FULL", "busy_timeout=30000", "foreign_keys=ON"):
                cursor.execute(f"PRAGMA {pragma}")
            cursor.close()

        @event.listens_for(engine, "begin")
        def begin(connection: Any) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _refuse_others(connection: Connection, address: str, known: ScriptDirectory) -> None:
    """Leaves a database alone that is not a service's, or a later version's. A Postgres may hold other tables besides.

    Raises:
        UserError: it is.
    """
    tables = set(inspect(connection).get_table_names())
    others = tables - {VERSIONS} if connection.dialect.name == "sqlite" else tables & Base.metadata.tables.keys()
    found = connection.exec_driver_sql("select version_num from alembic_version") if VERSIONS in tables else ()
    revisions = {str(row[0]) for row in found}
    if revisions <= {script.revision for script in known.walk_revisions()} and (revisions or not others):
        return
    raise UserError(
        f"{redacted(address)}: the database holds tables of something else ({', '.join(sorted(tables)[:3])}), or of a "
        "later version of housebrain. Give another address, or use that version. Nothing was changed."
    )


def _unusable(address: str, error: DBAPIError | DamagedRowError | UnicodeDecodeError) -> UserError:
    """What is said of a database that fails; of a damaged file even SQLite's own message may be no text."""
    cause = error.orig if isinstance(error, DBAPIError) and isinstance(error.orig, Exception) else error
    return UserError(
        f"{redacted(address)}: the database can't be used ({words_of(cause)}). Check the "
        "address, and that the server runs, or put a copy in the place of a damaged file."
    )


def _file_of(address: str) -> Path | None:
    """SQLite's file; None for another database, or one in memory."""
    try:
        url = make_url(address)
    except ArgumentError:  # `Store` says so
        return None
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


@contextmanager
def open_store(address: str, make: bool = True) -> Iterator[Store]:
    """A store for one command.

    Args:
        address: of the database.
        make: whether a file that is not there is made.

    Raises:
        UserError: it can't be opened, is not there, or the database fails later on.
    """
    if not make and (file := _file_of(address)) is not None and not file.is_file():
        raise UserError(
            f"{file}: there is no such store. `housebrain serve` makes one; give its address by --database."
        )
    store = Store(address)
    try:
        yield store
    except (DBAPIError, DamagedRowError, UnicodeDecodeError) as error:
        raise _unusable(address, error) from error
    finally:
        store.close()
