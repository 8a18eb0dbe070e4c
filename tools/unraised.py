"""The public error classes of libraries that no edge raises, by the reason; a test walks the libraries for others."""

UNRAISED: tuple[tuple[str, str], ...] = (
    ("a base: only the classes below it are raised",
     """boto3.Boto3Error httpx.StreamError msgspec.MsgspecError psycopg2.Warning sqlalchemy.SQLAlchemyError
     sqlalchemy.NoReferenceError websockets.ConnectionClosed websockets.WebSocketException"""),
    ("of boto3's resources and managed transfers; Tidemark uses neither",
     """boto3.DynamoDBNeedsConditionError boto3.DynamoDBNeedsKeyConditionError boto3.DynamoDBOperationNotSupportedError
     boto3.InvalidCrtTransferConfigError boto3.NoVersionFound boto3.ResourceLoadException boto3.ResourceNotExistsError
     boto3.RetriesExceededError boto3.S3TransferFailedError boto3.S3UploadFailedError boto3.UnknownAPIVersionError"""),
    ("of event streams, which no request of Tidemark has; of the library's own service files",
     "botocore.EventStreamError botocore.MissingServiceIdError botocore.UndefinedModelAttributeError"),
    ("raised by `raise_for_status` alone; the one call of it, in `tidemark check airflow`, words it",
     "httpx.HTTPStatusError"),
    ("of cookies and of bodies that are read in pieces; Tidemark keeps no cookie and reads bodies whole",
     """httpx.CookieConflict httpx.RequestNotRead httpx.ResponseNotRead httpx.StreamClosed httpx.StreamConsumed"""),
    ("worded as the class that it extends, `urllib3.ProxySchemeUnknown`", "urllib3.ProxySchemeUnsupported"),
    ("worded by its SQLSTATE, whose own class has the row",
     "psycopg2.QueryCanceledError psycopg2.TransactionRollbackError"),
    ("of an address of the warehouse that is none, which is refused before it is used",
     "sqlalchemy.ArgumentError sqlalchemy.NoDBAPILoaded sqlalchemy.NoSuchModuleError"),
    ("a value that PostgreSQL cannot take, such as a NUL in a text; `tidemark query` names the option",
     "sqlalchemy.StatementError"),
    ("of a connection pool; Tidemark opens and closes each connection",
     "sqlalchemy.DisconnectionError sqlalchemy.InvalidatePoolError sqlalchemy.TimeoutError"),
    ("of SQLAlchemy's asyncio, ORM, schema reflection and statement builder; Tidemark sends the SQL of its own files",
     """sqlalchemy.AmbiguousColumnError sqlalchemy.AmbiguousForeignKeysError sqlalchemy.AwaitRequired
     sqlalchemy.CircularDependencyError sqlalchemy.CompileError sqlalchemy.ConstraintColumnNotFoundError
     sqlalchemy.DuplicateColumnError sqlalchemy.EmulatedDBAPIException sqlalchemy.IdentifierError
     sqlalchemy.MissingGreenlet sqlalchemy.NoForeignKeysError sqlalchemy.NoInspectionAvailable
     sqlalchemy.NoReferencedColumnError sqlalchemy.NoReferencedTableError sqlalchemy.NoSuchTableError
     sqlalchemy.UnboundExecutionError sqlalchemy.UnreflectableTableError sqlalchemy.UnsupportedCompilationError"""),
    ("says that Tidemark's own code is wrong, so that it is a fault with a reference number",
     """msgspec.EncodeError pydantic.PydanticForbiddenQualifier pydantic.PydanticImportError
     pydantic.PydanticInvalidForJsonSchema pydantic.PydanticSchemaGenerationError pydantic.PydanticUndefinedAnnotation
     pydantic.PydanticUserError pydantic_core.PydanticSerializationError
     pydantic_core.PydanticSerializationUnexpectedValue pydantic_core.SchemaError sqlalchemy.IllegalStateChangeError
     sqlalchemy.InvalidRequestError sqlalchemy.MultipleResultsFound sqlalchemy.NoResultFound
     sqlalchemy.NoSuchColumnError sqlalchemy.ObjectNotExecutableError sqlalchemy.PendingRollbackError
     sqlalchemy.ResourceClosedError websockets.ConcurrencyError websockets.InvalidState"""),
    ("pydantic's own signals, which it turns into a ValidationError or takes back",
     """pydantic_core.PydanticCustomError pydantic_core.PydanticKnownError pydantic_core.PydanticOmit
     pydantic_core.PydanticUseDefault"""),
    ("kept by the connection; the collector reads how it ended, and a gap says why (docs/operator.md)",
     "websockets.PayloadTooBig websockets.ProtocolError websockets.TooManyFragments"),
)  # fmt: skip
