"""The folder of Secrets, in the state and not among the policies, for what lies there is checked in."""

from pathlib import Path

from loopmesh.model.application import Application
from loopmesh.model.credential import Credential
from loopmesh.model.policies import Policies
from loopmesh.model.problem import InvalidInputError
from loopmesh.policies import check_credentials, read_secrets

FOLDER = "secrets"


def read_credentials(state: Path, application: Application, policies: Policies) -> tuple[Credential, ...]:
    """All certificates that gateways may show. Raises InvalidInputError when one they need is missing."""
    folder = state / FOLDER
    credentials = read_secrets(folder, application.namespace)
    if problems := list(check_credentials(policies, application, credentials, str(folder))):
        raise InvalidInputError(problems)
    return credentials
