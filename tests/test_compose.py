"""docker-compose.yml and Dockerfile, as far as they can be judged without a container engine."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from petition.settings import SETTINGS

ROOT = Path(__file__).parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("web", "worker", "migrate")
DOCKERFILE = (ROOT / "Dockerfile").read_text()
KNOWN = {setting.name for setting in SETTINGS}
SECRET = {setting.name for setting in SETTINGS if setting.secret}


def help_of(*words: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PETITION_")}
    program = "from petition.cli import main; raise SystemExit(main())"
    done = subprocess.run(
        [sys.executable, "-c", program, *words, "--help"], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def instruction(name: str) -> list[str]:
    joined = DOCKERFILE.replace("\\\n", " ")
    return re.findall(rf"^{name}\s+(.*)$", joined, re.MULTILINE)


def test_the_services_are_those_that_were_promised() -> None:
    assert set(SERVICES) == {"web", "worker", "migrate", "db", "valkey", "mail"}


def test_only_what_serves_the_petition_starts_unasked() -> None:
    unasked = {name for name, service in SERVICES.items() if "profiles" not in service}
    assert unasked == {"web", "worker", "migrate", "db"}
    assert SERVICES["mail"]["profiles"] == ["dev"]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_hardened(name: str) -> None:
    service = SERVICES[name]
    user, group = service["user"].split(":")
    assert int(user) > 0
    assert int(group) > 0
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    for leak in ("privileged", "cap_add", "pid", "network_mode", "devices"):
        assert leak not in service
    assert not [volume for volume in service.get("volumes", []) if "docker.sock" in volume]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_that_stays_says_whether_it_is_well(name: str) -> None:
    service = SERVICES[name]
    if service["restart"] == "no":
        assert service["healthcheck"] == {"disable": True}  # else it would inherit the image's own
    else:
        assert service["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("name", SERVICES)
def test_a_published_port_is_open_to_this_machine_only(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))


@pytest.mark.parametrize("name", SERVICES)
def test_an_image_is_pinned(name: str) -> None:
    assert re.search(r":v?\d[\w.-]*$", SERVICES[name]["image"])


def test_the_database_is_on_no_network_that_leads_out() -> None:
    assert SERVICES["db"]["networks"] == ["inside"]
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    assert "ports" not in SERVICES["db"]


@pytest.mark.parametrize("name", OURS)
def test_every_setting_used_is_known_and_secrets_come_from_files(name: str) -> None:
    for variable, value in SERVICES[name]["environment"].items():
        assert variable.removesuffix("_FILE") in KNOWN
        if variable in SECRET or variable.endswith("_FILE"):
            assert variable.endswith("_FILE"), "a secret in the environment shows in `docker inspect`"
            assert value.removeprefix("/run/secrets/") in SERVICES[name]["secrets"]


def test_no_credential_is_in_the_files() -> None:
    assert all(secret["file"].startswith("./secrets/") for secret in COMPOSE["secrets"].values())
    for service in SERVICES.values():
        assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])
        for variable, value in service.get("environment", {}).items():
            assert "PASSWORD" not in variable or value.startswith("/run/secrets/")
            assert not re.search(r"://[^/\s]*:[^/\s]*@", value)


def test_web_and_worker_wait_for_the_migration_and_it_for_the_database() -> None:
    for name in ("web", "worker"):
        assert SERVICES[name]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
    assert SERVICES["migrate"]["depends_on"] == {"db": {"condition": "service_healthy"}}


@pytest.mark.parametrize("name", OURS)
def test_a_service_calls_a_command_that_there_is(name: str) -> None:
    command, *options = SERVICES[name]["command"]
    assert re.search(rf"^\W*{command}\b", help_of(), re.MULTILINE)
    text = help_of(command)
    assert all(option in text for option in options if option.startswith("--"))


def test_the_image_drops_root_and_keeps_what_matters_in_a_volume() -> None:
    assert instruction("USER") == ["10001:10001"]
    assert {SERVICES[name]["user"] for name in OURS} == {"10001:10001"}
    assert instruction("VOLUME") == ["/data"]
    assert "PETITION_DATA_DIR=/data" in instruction("ENV")[0]
    assert "/healthz" in instruction("HEALTHCHECK")[0]
    assert instruction("ENTRYPOINT") == ['["petition"]']
    assert DOCKERFILE.rindex("\nUSER ") > DOCKERFILE.rindex("\nRUN ")


def test_the_image_is_built_in_two_stages_from_a_pinned_base_with_checked_hashes() -> None:
    bases = instruction("FROM")
    assert len(bases) == 2
    assert all(re.match(r"python:3\.\d+-slim-\w+( AS \w+)?$", base) for base in bases)
    assert "--require-hashes -r constraints.txt" in DOCKERFILE


def test_what_the_image_copies_is_let_through_and_nothing_else_is() -> None:
    rules = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    assert rules[0] == "*"
    copied = {name for line in instruction("COPY") if "--from" not in line for name in line.split()[:-1]}
    assert copied == {rule.removeprefix("!") for rule in rules if rule.startswith("!")}
    assert all((ROOT / name).exists() for name in copied)
