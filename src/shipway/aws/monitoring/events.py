"""What ECS and CloudTrail report: kept in a log of its own; failed deployments are told at once."""

from __future__ import annotations

import json

from shipway.aws.monitoring.naming import Resource, attribute, logical, ref, sub
from shipway.core.alarms.place import Place
from shipway.core.alarms.rule import Severity

_LOG = "EventLog"
_KEPT = 90  # days
_OPEN = "no data of anybody's: what ECS reports. CloudWatch's own key encrypts it"
_FAILED = "SERVICE_DEPLOYMENT_FAILED"


def events(place: Place, secrets: str) -> dict[str, Resource]:
    """The rules and their log. secrets: what the names of the environment's secrets begin with."""
    return {
        _LOG: {
            "Type": "AWS::Logs::LogGroup",
            "Metadata": {"checkov": {"skip": [{"id": "CKV_AWS_158", "comment": _OPEN}]}},
            "DeletionPolicy": "Delete",
            "UpdateReplacePolicy": "Delete",
            "Properties": {
                "LogGroupName": place.event_log, "RetentionInDays": _KEPT,
            },
        },
        "EventLogPolicy": _may_write(place),
        "DeploymentEvents": _rule(
            place, "deployments", "What becomes of deployments", _deployments(place)
        ),
        "TaskEvents": _rule(place, "tasks", "Tasks that ended by themselves", _tasks(place)),
        "SecretEvents": _rule(
            place, "secrets", "Secrets that were asked for in vain", _denied(secrets)
        ),
        "FailedDeployments": _told(place),
    }  # fmt: skip


def _rule(place: Place, name: str, description: str, pattern: Resource) -> Resource:
    """A rule by a name of its own: MonitorRole may change these, and no others."""
    # CloudTrail's reading calls come only to rules that ask for all management events.
    reading = "CloudTrail" in json.dumps(pattern)
    state = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS" if reading else "ENABLED"
    return {
        "Type": "AWS::Events::Rule",
        "DependsOn": ["EventLogPolicy"],
        "Properties": {
            "Name": f"{place.prefix}-{name}",
            "Description": description,
            "State": state,
            "EventPattern": pattern,
            "Targets": [{"Id": "log", "Arn": attribute(_LOG, "Arn")}],
        },
    }


def _deployments(place: Place) -> Resource:
    return {
        "source": ["aws.ecs"],
        "detail-type": ["ECS Deployment State Change"],
        "resources": [{"suffix": f":service/{place.cluster}/{place.service}"}],
    }


def _tasks(place: Place) -> Resource:
    """Not those that the service itself stops, nor one-off tasks."""
    return {
        "source": ["aws.ecs"],
        "detail-type": ["ECS Task State Change"],
        "detail": {
            "clusterArn": [{"suffix": f":cluster/{place.cluster}"}],
            "group": [f"service:{place.service}"],
            "lastStatus": ["STOPPED"],
            "stopCode": ["EssentialContainerExited", "TaskFailedToStart"],
        },
    }


def _denied(secrets: str) -> Resource:
    return {
        "source": ["aws.secretsmanager"],
        "detail-type": ["AWS API Call via CloudTrail"],
        "detail": {
            "eventName": ["GetSecretValue"],
            "errorCode": [{"prefix": "AccessDenied"}],
            # A refused call has no request parameters to look into; its message names the secret.
            "errorMessage": [{"wildcard": f"*{secrets}*"}],
        },
    }


def _told(place: Place) -> Resource:
    pattern = {**_deployments(place), "detail": {"eventName": [_FAILED]}}
    # Slack's channel takes a message of one's own only in this form; in a mail it can be read, too.
    message = {
        "version": "1.0",
        "source": "custom",
        "content": {
            "textType": "client-markdown",
            "title": f"{place.prefix}: a deployment failed",
            "description": "<reason> (deployment <id>, <time>)",
            "nextSteps": [f"shipway status: what runs in {place.prefix} now, and why"],
        },
    }
    return {
        "Type": "AWS::Events::Rule",
        "Properties": {
            "Name": f"{place.prefix}-failed-deployments",
            "Description": "Failed deployments, to whoever is on call",
            "State": "ENABLED",
            "EventPattern": pattern,
            "Targets": [
                {
                    "Id": "people",
                    "Arn": ref(logical("topic", Severity.CRITICAL)),
                    "InputTransformer": {
                        "InputPathsMap": {
                            "reason": "$.detail.reason",
                            "id": "$.detail.deploymentId",
                            "time": "$.time",
                        },
                        "InputTemplate": json.dumps(message),
                    },
                }
            ],
        },
    }


def _may_write(place: Place) -> Resource:
    """EventBridge may write to the log; the document is text in CloudFormation."""
    groups = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:"
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": ["events.amazonaws.com", "delivery.logs.amazonaws.com"]},
                "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                "Resource": f"{groups}{place.event_log}:*",
            }
        ],
    }
    return {
        "Type": "AWS::Logs::ResourcePolicy",
        "Properties": {
            "PolicyName": f"{place.prefix}-events", "PolicyDocument": sub(json.dumps(document)),
        },
    }  # fmt: skip
