"""What must not happen by mistake."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.infrastructure.change_set_rows import depends, detail, page, row

from shipway.infrastructure.change import ChangeKind, data_losses, read_changes, routing_resets
from shipway.infrastructure.stack_status import DATA

RULE = "ElasticLoadBalancingV2::ListenerRule"


@pytest.mark.parametrize(
    "change",
    [
        row("Remove", "Database", "RDS::DBInstance", PolicyAction="Snapshot"),
        row("Remove", "Database", "RDS::DBInstance", PolicyAction="Delete"),
        row(
            "Modify",
            "Database",
            "RDS::DBInstance",
            Replacement="True",
            Details=[detail("DBSubnetGroupName", "a", "b", "Always")],
        ),
        row(
            "Modify",
            "Database",
            "RDS::DBInstance",
            Replacement="Conditional",
            Details=[detail("EngineVersion", "16", "17", "Conditionally")],
        ),
        row("Remove", "RedisStore", "ElastiCache::ReplicationGroup", PolicyAction="Snapshot"),
        row("Remove", "SecretKey", "SecretsManager::Secret", PolicyAction="Delete"),
    ],
)
def test_data_that_goes_is_named(change: dict[str, Any]) -> None:
    (words,) = data_losses(read_changes([page(change)]))
    assert change["ResourceChange"]["LogicalResourceId"] in words


@pytest.mark.parametrize(
    "change",
    [
        row("Add", "Database", "RDS::DBInstance"),
        row(
            "Modify",
            "Database",
            "RDS::DBInstance",
            Replacement="False",
            Details=[detail("DBInstanceClass", "a", "b")],
        ),
        row("Remove", "Images", "ECR::Repository", PolicyAction="Retain"),
        row("Remove", "NatA", "EC2::NatGateway", PolicyAction="Delete"),
        row("Modify", "TaskRole", "IAM::Role", Replacement="True"),
    ],
)
def test_what_stays_or_can_be_made_again_is_not(change: dict[str, Any]) -> None:
    assert data_losses(read_changes([page(change)])) == []


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["Add", "Modify", "Remove", "Import"]),
            st.sampled_from(sorted(one.removeprefix("AWS::") for one in DATA)),
            st.sampled_from(["True", "False", "Conditional", ""]),
            st.sampled_from(["", "Delete", "Snapshot", "ReplaceAndDelete", "ReplaceAndSnapshot"]),
        )
    )
)
def test_no_data_is_ever_deleted_or_replaced_without_being_named(rows: list[Any]) -> None:
    given_rows = [
        row(action, f"R{number}", kind, Replacement=replacement, PolicyAction=policy)
        for number, (action, kind, replacement, policy) in enumerate(rows)
    ]
    changes = read_changes([page(*given_rows)])
    goes = [
        one for one in changes if one.kind in (ChangeKind.DELETED, ChangeKind.REPLACED) or one.maybe
    ]
    assert len(data_losses(changes)) == len(goes)


@pytest.mark.parametrize(
    "change",
    [
        row("Modify", "ProductionRule", RULE, Replacement="False", Details=[detail("Conditions")]),
        row(
            "Modify",
            "ProductionRule",
            RULE,
            Replacement="True",
            Details=[detail("ListenerArn", "a", "b", "Always")],
        ),
        row(
            "Modify",
            "ProductionRule",
            RULE,
            Replacement="False",
            Details=[{"Target": {"Attribute": "Tags"}, "Evaluation": "Static"}],
        ),
        row("Modify", "ProductionRule", RULE, Replacement="Conditional"),
        row("Remove", "ProductionRule", RULE, PolicyAction="Delete"),
    ],
)
def test_rules_are_not_written_again_while_their_weights_are_not_the_templates(
    change: dict[str, Any],
) -> None:
    changes = read_changes([page(change)])
    assert routing_resets(changes, at_rest=False) == ["ProductionRule"]
    assert routing_resets(changes, at_rest=True) == []


def test_rules_that_are_new_or_do_not_really_change_hinder_nobody() -> None:
    changes = read_changes(
        [
            page(
                row("Add", "TestRule", RULE),
                row(
                    "Modify",
                    "Blue",
                    "ElasticLoadBalancingV2::TargetGroup",
                    Replacement="False",
                    Details=[detail("HealthCheckPath", "/a", "/b")],
                ),
                row(
                    "Modify",
                    "ProductionRule",
                    RULE,
                    Replacement="False",
                    Details=[depends("Actions", "Blue")],
                ),
            )
        ]
    )
    assert routing_resets(changes, at_rest=False) == []
