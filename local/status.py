"""What a person is told of a system that is up."""

from pathlib import Path

from local.state import ENVIRONMENT, State


def addresses(run: Path, state: State) -> str:
    """Say where everything is, and how to look at it."""
    return f"""
Tidemark is up and records {state.source}.
  Airflow    {state.ui}   user {state.username}, password {state.password}
  S3         {state.environment["AWS_ENDPOINT_URL"]}   the same files lie in {state.folder}/archive
  warehouse  PostgreSQL; first, for all that follows:  . {run / ENVIRONMENT}
             tidemark query               the questions that it answers by name
             tidemark query top_sales     one of them
             {run / "psql"}             SQL of your own: schemas mart and core
  logs       {state.folder}/*/output.log, {run}/keeper.log
  end it     make down
"""
