"""What blue-green, linear and canary lack at a service, and a change that adds exactly that."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.fakes.running_services import FakeRegion, ServiceSample
from tests.scaffold import ecs_services
from tests.scaffold.ecs_services import ALL, group_arn, rule_arn

from shipway.scaffold.from_ecs import read_service
from shipway.scaffold.traffic_shift import TrafficShiftChange, traffic_shift_change

CHANGED = ("terraform", "cdk", "copilot", "code_deploy", "external")


def change(service: ServiceSample) -> TrafficShiftChange:
    return traffic_shift_change(read_service(FakeRegion((service,)), service.reference))


def carried_out(made: TrafficShiftChange, folder: Path) -> list[dict[str, Any]]:
    """The commands, run by a shell with an `aws` that notes its words: a table each, in order.
    What it makes is called made-1, made-2 and so on."""
    program = folder / "aws"
    program.write_text(
        "#!/bin/sh\n"
        'n=$(cat "$NOTES/count" 2>/dev/null || echo 0); n=$((n + 1)); echo $n > "$NOTES/count"\n'
        'for word in "$@"; do printf "%s\\0" "$word"; done > "$NOTES/call-$n"\n'
        'printf "made-%s" "$n"\n'
    )
    program.chmod(0o755)
    script = "set -eu\n" + "\n".join(made.commands)
    subprocess.run(
        ["/bin/sh", "-c", script],
        env={"PATH": f"{folder}:/usr/bin:/bin", "NOTES": str(folder)},
        check=True,
        capture_output=True,
    )
    calls = []
    for number in range(1, len(list(folder.glob("call-*"))) + 1):
        words = (folder / f"call-{number}").read_text().split("\0")[:-1]
        options = dict(zip(words[2::2], words[3::2], strict=False))
        calls.append({"call": " ".join(words[:2]), **options})
    return calls


@pytest.mark.parametrize("name", CHANGED)
def test_the_commands_give_the_service_what_it_lacks(name: str, tmp_path: Path) -> None:
    calls = carried_out(change(ALL[name]()), tmp_path)
    made = {row["call"]: f"made-{number}" for number, row in enumerate(calls, 1)}
    update = calls[-1]
    assert update["call"] == "ecs update-service"
    [balancer] = json.loads(update["--load-balancers"])
    extra = balancer["advancedConfiguration"]
    assert extra["roleArn"] == made["iam create-role"]
    if "elbv2 create-target-group" in made:
        assert extra["alternateTargetGroupArn"] == made["elbv2 create-target-group"]
    changed = [row for row in calls if row["call"] in ("elbv2 create-rule", "elbv2 modify-rule")]
    for row in changed:
        forward = json.loads(row["--actions"])[-1]["ForwardConfig"]["TargetGroups"]
        assert [group["Weight"] for group in forward] == [1, 0]
        assert [group["TargetGroupArn"] for group in forward] == [
            balancer["targetGroupArn"],
            extra["alternateTargetGroupArn"],
        ]
    if "elbv2 create-rule" in made:
        assert extra["productionListenerRule"] == made["elbv2 create-rule"]


def test_a_listener_that_has_only_its_default_gets_a_rule(tmp_path: Path) -> None:
    calls = carried_out(change(ecs_services.terraform()), tmp_path)
    [rule] = [row for row in calls if row["call"] == "elbv2 create-rule"]
    assert rule["--listener-arn"] == ecs_services.listener_arn("shop")
    assert rule["--priority"] == "1"


def test_a_rule_keeps_its_login_and_is_changed_where_it_is(tmp_path: Path) -> None:
    made = change(ecs_services.copilot())
    [rule] = [row for row in carried_out(made, tmp_path) if row["call"] == "elbv2 modify-rule"]
    actions = json.loads(rule["--actions"])
    assert [action["Type"] for action in actions] == ["authenticate-oidc", "forward"]
    assert rule["--rule-arn"] == rule_arn("isles-test-api-Service-Xx1Yy2Zz3", "3333")
    properties = yaml.safe_load(made.properties)
    [balancer] = properties["AWS::ECS::Service"]["LoadBalancers"]
    assert balancer["ContainerName"] == "nginx"
    assert "AWS::ElasticLoadBalancingV2::ListenerRule" in properties


def test_a_second_target_group_of_the_service_stays_where_it_is(tmp_path: Path) -> None:
    service = ecs_services.terraform()
    internal = {
        "targetGroupArn": group_arn("shop-internal"),
        "containerName": "otel",
        "containerPort": 4318,
    }
    service.groups.append({**service.groups[0], "TargetGroupArn": internal["targetGroupArn"]})
    service.service["loadBalancers"].append(internal)
    made = change(service)
    first, second = json.loads(carried_out(made, tmp_path)[-1]["--load-balancers"])
    assert (first["targetGroupArn"], first["containerPort"]) == (group_arn("shop"), 8080)
    assert second == internal
    first, second = yaml.safe_load(made.properties)["AWS::ECS::Service"]["LoadBalancers"]
    assert first["TargetGroupArn"] == group_arn("shop")
    assert second == {
        "TargetGroupArn": group_arn("shop-internal"),
        "ContainerName": "otel",
        "ContainerPort": 4318,
    }


def test_what_codedeploy_has_made_is_used_again(tmp_path: Path) -> None:
    made = change(ecs_services.code_deploy())
    calls = carried_out(made, tmp_path)
    assert [row["call"] for row in calls] == [
        "iam create-role",
        "iam attach-role-policy",
        "ecs update-service",
    ]
    [balancer] = json.loads(calls[-1]["--load-balancers"])
    other = group_arn("mail-other")
    assert balancer["advancedConfiguration"]["alternateTargetGroupArn"] == other
    assert calls[-1]["--deployment-controller"] == "type=ECS"
    assert any("it is CODE_DEPLOY" in part for part in made.lacking)


@pytest.mark.parametrize("name", ["terraform", "copilot", "code_deploy"])
def test_the_template_is_clean(name: str, tmp_path: Path) -> None:
    made = change(ALL[name]())
    assert "*id" not in made.template
    path = tmp_path / "change.yml"
    path.write_text(made.template)
    lint = Path(sys.executable).with_name("cfn-lint")
    done = subprocess.run([lint, str(path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
    group = yaml.safe_load(made.template)["Resources"].get("GreenTargetGroup")
    if group:
        assert len(group["Properties"]["Name"]) <= 32
        assert group["Properties"]["HealthCheckPath"] == "/ready"


def test_where_everything_is_there_nothing_lacks() -> None:
    assert change(ecs_services.ready()) == TrafficShiftChange()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("worker", "no target group"),
        ("ec2", "type instance"),
        ("two_groups", "Application Load Balancer"),
    ],
)
def test_where_no_change_helps_the_reason_is_said(name: str, reason: str) -> None:
    made = change(ALL[name]())
    assert reason in made.impossible
    assert (made.template, made.commands) == ("", ())


def test_names_that_a_shell_would_read_are_words(tmp_path: Path) -> None:
    service = ecs_services.terraform()
    service.groups[0]["HealthCheckPath"] = "/a b';touch pwned;$(touch pwned)\""
    made = change(service)
    [group] = [
        row for row in carried_out(made, tmp_path) if row["call"] == "elbv2 create-target-group"
    ]
    assert group["--health-check-path"] == service.groups[0]["HealthCheckPath"]
    assert not (tmp_path / "pwned").exists() and not Path("pwned").exists()
