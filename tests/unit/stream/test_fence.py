"""What tells that the controller has fenced a dead broker."""

from __future__ import annotations

from pathlib import Path

from services.stream.broker.fence import says_fenced

_FENCING = "812 [quorum] INFO org.apache.kafka.controller.ReplicationControlManager - Fencing broker 1 at epoch 42."
_PARTITION = "813 [quorum] INFO org.apache.kafka.controller.ReplicationControlManager - partition change for t-{}: none"


def test_the_line_is_found_before_those_of_many_partitions(tmp_path: Path) -> None:
    log = tmp_path / "fence.log"
    log.write_text("\n".join([_FENCING, *(_PARTITION.format(number) for number in range(5_000))]), encoding="utf-8")
    assert says_fenced(log)


def test_partitions_alone_say_nothing(tmp_path: Path) -> None:
    log = tmp_path / "fence.log"
    assert not says_fenced(log)
    log.write_text("\n".join(_PARTITION.format(number) for number in range(10)), encoding="utf-8")
    assert not says_fenced(log)
