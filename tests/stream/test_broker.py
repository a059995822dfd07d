"""The brokers of `diachi broker`: real processes, each bounded and ended by its id."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import yaml
from aiokafka import AIOKafkaProducer

from services.process.ports import free_port
from services.stream.broker import BrokerUnavailable, LocalBroker, local_broker, own_broker
from services.stream.broker.apache import MESSAGE_MAX_BYTES, prepare_apache
from services.stream.broker.errors import BrokerFailed
from services.stream.broker.fence import is_fenced
from services.stream.broker.jars import POM, jar_folder, resolve_jars
from tests.processes import gone
from tests.stream.kafka_io import create_plain_topics, read_committed

_ROOT = Path(__file__).parents[2]
_DIACHI = [sys.executable, "-c", "from services.cli.main import run; run()"]


@pytest.fixture(scope="module")
def apache() -> Iterator[LocalBroker]:
    with own_broker("apache") as broker:
        yield broker


def _without_java() -> dict[str, str]:
    return {"PATH": "/nowhere", "HOME": os.environ["HOME"]}


async def _commit(servers: str, topic: str, transactions: int, each: int) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=servers, transactional_id=f"{topic}-writer")
    await producer.start()
    try:
        for transaction in range(transactions):
            async with producer.transaction():
                for number in range(each):
                    await producer.send(topic, b"%d" % (transaction * each + number))
    finally:
        await producer.stop()


async def _abort(servers: str, topic: str) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=servers, transactional_id=f"{topic}-writer")
    await producer.start()
    try:
        await producer.begin_transaction()
        await producer.send_and_wait(topic, b"never")
        await producer.abort_transaction()
    finally:
        await producer.stop()


def _values(servers: str, topic: str) -> list[int]:
    return sorted(int(record.value) for record in asyncio.run(read_committed(servers, topic)))


def test_apache_runs_as_its_own_process_and_speaks_transactions(apache: LocalBroker) -> None:
    assert apache.kind == "apache"
    assert "java" in psutil.Process(apache.pid).name()
    asyncio.run(create_plain_topics(apache.bootstrap_servers, ["spoken"], 3))
    asyncio.run(_abort(apache.bootstrap_servers, "spoken"))
    asyncio.run(_commit(apache.bootstrap_servers, "spoken", transactions=2, each=50))
    assert _values(apache.bootstrap_servers, "spoken") == list(range(100))


def test_apache_keeps_every_acknowledged_transaction_when_killed(apache: LocalBroker) -> None:
    asyncio.run(create_plain_topics(apache.bootstrap_servers, ["kept"], 12))
    asyncio.run(_commit(apache.bootstrap_servers, "kept", transactions=20, each=100))
    before = apache.bootstrap_servers, apache.pid
    apache.kill()
    assert not apache.alive()
    assert gone(before[1], 1)
    apache.restart()
    assert apache.bootstrap_servers == before[0]
    assert apache.pid != before[1]
    assert _values(apache.bootstrap_servers, "kept") == list(range(2000))


@pytest.mark.parametrize("how", [LocalBroker.stop, LocalBroker.kill], ids=["stopped", "killed"])
def test_apache_leads_its_partitions_to_the_end_and_is_fenced_before_it_comes_back(
    tmp_path: Path, how: Callable[[LocalBroker], None]
) -> None:
    """A partition that has no leader while transactions are under way loses their markers."""
    launch = prepare_apache(tmp_path, None, os.environ, lambda _: None)
    broker = LocalBroker(launch, "test")
    try:
        asyncio.run(create_plain_topics(broker.bootstrap_servers, ["led"], 12))
        how(broker)
        launch.before_start()
        log = tmp_path / "fence.log"
        assert is_fenced(log, tmp_path / "data" / "__cluster_metadata-0")
        led = re.search(r"handleBrokerFenced: changing (\d+) partition", log.read_text(encoding="utf-8"))
        assert led is not None
        assert int(led[1]) >= 12
    finally:
        broker.kill()


def test_apache_listens_on_loopback_only(apache: LocalBroker) -> None:
    listening = [c for c in psutil.Process(apache.pid).net_connections("tcp") if c.status == psutil.CONN_LISTEN]
    assert len(listening) >= 2
    assert {connection.laddr.ip.removeprefix("::ffff:") for connection in listening} == {"127.0.0.1"}


def test_the_broker_allows_the_largest_message_of_any_topic() -> None:
    channels = yaml.safe_load((_ROOT / "schemas" / "asyncapi.yaml").read_text(encoding="utf-8"))["channels"]
    limits = [c["bindings"]["kafka"]["topicConfiguration"]["max.message.bytes"] for c in channels.values()]
    assert max(limits) <= MESSAGE_MAX_BYTES


def test_maven_fills_the_cache_once(tmp_path: Path) -> None:
    environ = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    said: list[str] = []
    folder = resolve_jars(environ, said.append)
    assert folder == jar_folder(environ)
    assert list(folder.glob("kafka_2.13-*.jar"))
    assert resolve_jars({**environ, "PATH": "/nowhere"}, said.append) == folder
    assert len(said) == 1
    assert [entry.name for entry in folder.parent.iterdir()] == [folder.name]


def test_a_pom_that_maven_refuses_shows_what_maven_said(tmp_path: Path) -> None:
    pom = tmp_path / "pom.xml"
    pom.write_text(POM.read_text(encoding="utf-8").replace("</project>", ""), encoding="utf-8")
    with pytest.raises(BrokerFailed, match="Maven ended with status") as caught:
        resolve_jars({**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}, lambda _: None, pom)
    assert "pom.xml" in caught.value.log
    assert not list((tmp_path / "cache" / "diachi").iterdir())


def test_without_java_auto_takes_the_embedded_broker_and_says_why() -> None:
    with own_broker("auto", environ=_without_java()) as broker:
        assert broker.kind == "embedded"
        assert "no java" in broker.reason
        asyncio.run(create_plain_topics(broker.bootstrap_servers, ["first-look"], 1))
        asyncio.run(_commit(broker.bootstrap_servers, "first-look", transactions=2, each=5))
        assert _values(broker.bootstrap_servers, "first-look") == list(range(10))
        pid = broker.pid
    assert gone(pid, 1)


def test_a_broker_that_cannot_be_had_says_what_to_install() -> None:
    with (
        pytest.raises(BrokerUnavailable, match="Install Java 17") as caught,
        own_broker("apache", environ=_without_java()),
    ):
        pass
    assert [attempt.kind for attempt in caught.value.attempts] == ["apache"]


def test_a_port_in_use_is_named(apache: LocalBroker) -> None:
    port = int(apache.bootstrap_servers.rpartition(":")[2])
    with (
        pytest.raises(BrokerUnavailable, match=f"port {port} cannot be listened on"),
        own_broker("embedded", port=port),
    ):
        pass


def test_a_broker_that_ends_at_once_shows_its_log(tmp_path: Path) -> None:
    (tmp_path / "apache").mkdir()
    (tmp_path / "apache" / "data").write_text("a file where Kafka wants a folder")
    with pytest.raises(BrokerUnavailable) as caught, own_broker("apache", data_dir=tmp_path):
        pass
    assert str(tmp_path / "apache" / "data") in caught.value.attempts[0].log


def test_data_outlive_the_broker_when_they_have_a_folder(tmp_path: Path) -> None:
    with own_broker("apache", data_dir=tmp_path) as broker:
        asyncio.run(create_plain_topics(broker.bootstrap_servers, ["stays"], 1))
        asyncio.run(_commit(broker.bootstrap_servers, "stays", transactions=1, each=10))
    with own_broker("apache", data_dir=tmp_path) as broker:
        assert _values(broker.bootstrap_servers, "stays") == list(range(10))


def test_the_environments_broker_always_wins() -> None:
    with local_broker("apache", environ={"KAFKA_BOOTSTRAP_SERVERS": "kafka.example:9092"}) as broker:
        assert broker.bootstrap_servers == "kafka.example:9092"
        assert broker.kind == "external"


def _start_command(*options: str) -> tuple[subprocess.Popen[str], str]:
    environ = {name: value for name, value in os.environ.items() if name != "KAFKA_BOOTSTRAP_SERVERS"}
    command = subprocess.Popen(
        [*_DIACHI, "broker", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=_ROOT,
        env=environ,
    )
    assert command.stdout is not None
    return command, command.stdout.readline().strip()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=lambda how: how.name)
def test_the_command_prints_the_address_and_stops_when_asked(how: signal.Signals) -> None:
    port = free_port()
    command, line = _start_command("--kind", "embedded", "--port", str(port))
    assert line == f"KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:{port}"
    children = psutil.Process(command.pid).children(recursive=True)
    assert children
    command.send_signal(how)
    _, errors = command.communicate(timeout=30)
    assert command.returncode == 0
    log = re.search(r"Log: (\S+)\. Stop", errors)
    assert log is not None
    assert not Path(log[1]).exists()
    assert all(gone(child.pid, 1) for child in children)


def test_a_killed_command_leaves_no_broker_behind(tmp_path: Path) -> None:
    command, line = _start_command("--kind", "apache", "--data-dir", str(tmp_path))
    assert line.startswith("KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:")
    children = psutil.Process(command.pid).children(recursive=True)
    assert any("java" in child.name() for child in children)
    command.kill()
    command.communicate(timeout=30)
    assert all(gone(child.pid, 20) for child in children)


def test_the_command_fails_when_its_broker_dies() -> None:
    command, _ = _start_command("--kind", "embedded")
    (broker,) = [child for child in psutil.Process(command.pid).children(recursive=True) if "noida" in child.name()]
    broker.kill()
    _, errors = command.communicate(timeout=30)
    assert command.returncode == 1
    assert "ended by itself" in errors
