"""Where messages go: a topic a severity, to mail and to Slack.

Slack is reached through Amazon Q Developer in chat applications (AWS::Chatbot): it reads alarms
and draws them. Slack's own incoming webhooks cannot be subscribed to a topic, as they do not
answer SNS's request to confirm. The workspace has to be let in once, in the console.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from shipway.codec import JsonObject, JsonValue
from shipway.config.aws import Monitoring
from shipway.errors import ConfigError
from shipway.monitoring.alarm import AlarmDimensions, AlarmSeverity
from shipway.monitoring.references import (
    Resource,
    attribute_of,
    logical_id,
    reference_to,
    substitution,
)

# Who gets messages of which severity.


def recipients(severity: AlarmSeverity, settings: Monitoring) -> tuple[str, ...]:
    """The addresses and the Slack channel that messages of this severity reach.

    Raises ConfigError where Slack's workspace or channel is missing.
    """
    if bool(settings.slack_workspace) != bool(settings.slack_channel):
        missing = "slack_channel" if settings.slack_workspace else "slack_workspace"
        raise ConfigError(
            f"monitoring.{missing} is not set: Slack needs both ids",
            "Set it (Slack shows the ids in a channel's link), or take the other one out.",
            code="invalid-setting",
        )
    ways = settings.critical if severity is AlarmSeverity.CRITICAL else settings.warning
    mail = settings.mail if "mail" in ways else ()
    slack = "slack" in ways and settings.slack_channel
    return (*mail, slack_channel(settings)) if slack else mail


def slack_channel(settings: Monitoring) -> str:
    """What Slack's channel is called here."""
    return f"Slack {settings.slack_channel}"


def recipient_lines(settings: Monitoring) -> list[str]:
    """The same in words, a line a severity."""
    lines = []
    for severity in AlarmSeverity:
        reached = ", ".join(recipients(severity, settings))
        lines.append(
            f"{severity}: {reached}"
            if reached
            else f"{severity}: NOBODY IS TOLD; set monitoring.mail, or Slack's ids"
        )
    return lines


_KEY = "MessageKey"
_READING = "arn:${AWS::Partition}:iam::aws:policy/CloudWatchReadOnlyAccess"
_ROLE = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/"  # of the environment's stack
_ACCOUNT = "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"
_SENDERS = ("cloudwatch.amazonaws.com", "events.amazonaws.com")


def topic_resources(prefix: str, settings: Monitoring, slack_role: str) -> dict[str, Resource]:
    """Topics, who may send to them, who gets them, and the key they are encrypted with.

    slack_role: the name of the role that draws alarms for Slack, of the environment's stack.
    """
    resources: dict[str, Resource] = {}
    if settings.encrypted:
        resources[_KEY] = _key(prefix)
    for severity in AlarmSeverity:
        resources |= _topic(prefix, severity, settings)
    slack = slack_channel(settings)
    to_slack = [level for level in AlarmSeverity if slack in recipients(level, settings)]
    if to_slack:
        resources |= _slack(prefix, settings, to_slack, slack_role)
    return resources


def _topic(prefix: str, severity: AlarmSeverity, settings: Monitoring) -> dict[str, Resource]:
    id = logical_id("topic", severity)
    properties: JsonObject = {"TopicName": f"{prefix}-{severity}"}
    if settings.encrypted:
        # The key that AWS manages for SNS would do, but alarms may not use it.
        properties["KmsMasterKeyId"] = reference_to(_KEY)
    mail = [recipient for recipient in recipients(severity, settings) if recipient in settings.mail]
    return {
        id: {"Type": "AWS::SNS::Topic", "Properties": properties},
        f"{id}Policy": {
            "Type": "AWS::SNS::TopicPolicy",
            "Properties": {"Topics": [reference_to(id)], "PolicyDocument": _policy(id)},
        },
        **{
            f"{id}Mail{number}": {
                "Type": "AWS::SNS::Subscription",
                "Properties": {
                    "TopicArn": reference_to(id),
                    "Protocol": "email",
                    "Endpoint": address,
                },
            }
            for number, address in enumerate(mail, 1)
        },
    }


def _policy(topic: str) -> Mapping[str, JsonValue]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "AlarmsAndEventsOfThisAccount",
                "Effect": "Allow",
                "Principal": {"Service": list(_SENDERS)},
                "Action": "sns:Publish",
                "Resource": reference_to(topic),
                "Condition": {
                    "StringEquals": {"aws:SourceAccount": reference_to("AWS::AccountId")}
                },
            },
            {
                "Sid": "OnlyEncrypted",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "sns:Publish",
                "Resource": reference_to(topic),
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
        ],
    }


def _key(prefix: str) -> Resource:
    return {
        "Type": "AWS::KMS::Key",
        "Properties": {
            "Description": f"Messages of {prefix}'s alarms",
            "EnableKeyRotation": True,
            "KeyPolicy": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Sid": "TheAccountDecides",
                        "Effect": "Allow",
                        "Principal": {"AWS": substitution(_ACCOUNT)},
                        "Action": "kms:*",
                        "Resource": "*",
                    },
                    {
                        "Sid": "AlarmsAndEventsSendThroughIt",
                        "Effect": "Allow",
                        "Principal": {"Service": list(_SENDERS)},
                        "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
                        "Resource": "*",
                        "Condition": {
                            "StringEquals": {"aws:SourceAccount": reference_to("AWS::AccountId")}
                        },
                    },
                ],
            },
        },
    }


def _slack(
    prefix: str, settings: Monitoring, severities: list[AlarmSeverity], slack_role: str
) -> dict[str, Resource]:
    return {
        "SlackChannel": {
            "Type": "AWS::Chatbot::SlackChannelConfiguration",
            "Properties": {
                "ConfigurationName": prefix,
                "SlackWorkspaceId": settings.slack_workspace,
                "SlackChannelId": settings.slack_channel,
                "IamRoleArn": substitution(f"{_ROLE}{slack_role}"),
                "SnsTopicArns": [
                    reference_to(logical_id("topic", severity)) for severity in severities
                ],
                # Whoever writes in the channel can read alarms, and do nothing else.
                "GuardrailPolicies": [substitution(_READING)],
            },
        },
    }


# What ECS and CloudTrail report: kept in a log of its own; failed deployments are told at once.

_LOG = "EventLog"
_KEPT = 90  # days
_OPEN = "no data of anybody's: what ECS reports. CloudWatch's own key encrypts it"
_FAILED = "SERVICE_DEPLOYMENT_FAILED"


def event_resources(target: AlarmDimensions, secrets: str) -> dict[str, Resource]:
    """The rules and their log. secrets: what the names of the environment's secrets begin with."""
    return {
        _LOG: {
            "Type": "AWS::Logs::LogGroup",
            "Metadata": {"checkov": {"skip": [{"id": "CKV_AWS_158", "comment": _OPEN}]}},
            "DeletionPolicy": "Delete",
            "UpdateReplacePolicy": "Delete",
            "Properties": {
                "LogGroupName": target.event_log,
                "RetentionInDays": _KEPT,
            },
        },
        "EventLogPolicy": _may_write(target),
        "DeploymentEvents": _rule(
            target, "deployments", "What becomes of deployments", _deployments(target)
        ),
        "TaskEvents": _rule(target, "tasks", "Tasks that ended by themselves", _tasks(target)),
        "SecretEvents": _rule(
            target, "secrets", "Secrets that were asked for in vain", _denied(secrets)
        ),
        "FailedDeployments": _told(target),
    }


def _rule(
    target: AlarmDimensions, name: str, description: str, pattern: Mapping[str, JsonValue]
) -> Resource:
    """A rule by a name of its own: MonitorRole may change these, and no others."""
    # CloudTrail's reading calls come only to rules that ask for all management events.
    reading = "CloudTrail" in json.dumps(pattern)
    state = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS" if reading else "ENABLED"
    return {
        "Type": "AWS::Events::Rule",
        "DependsOn": ["EventLogPolicy"],
        "Properties": {
            "Name": f"{target.prefix}-{name}",
            "Description": description,
            "State": state,
            "EventPattern": pattern,
            "Targets": [{"Id": "log", "Arn": attribute_of(_LOG, "Arn")}],
        },
    }


def _deployments(target: AlarmDimensions) -> Mapping[str, JsonValue]:
    return {
        "source": ["aws.ecs"],
        "detail-type": ["ECS Deployment State Change"],
        "resources": [{"suffix": f":service/{target.cluster}/{target.service}"}],
    }


def _tasks(target: AlarmDimensions) -> Mapping[str, JsonValue]:
    """Not those that the service itself stops, nor one-off tasks."""
    return {
        "source": ["aws.ecs"],
        "detail-type": ["ECS Task State Change"],
        "detail": {
            "clusterArn": [{"suffix": f":cluster/{target.cluster}"}],
            "group": [f"service:{target.service}"],
            "lastStatus": ["STOPPED"],
            "stopCode": ["EssentialContainerExited", "TaskFailedToStart"],
        },
    }


def _denied(secrets: str) -> Mapping[str, JsonValue]:
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


def _told(target: AlarmDimensions) -> Resource:
    pattern = {**_deployments(target), "detail": {"eventName": [_FAILED]}}
    # Slack's channel takes a message of one's own only in this form; in a mail it can be read, too.
    message = {
        "version": "1.0",
        "source": "custom",
        "content": {
            "textType": "client-markdown",
            "title": f"{target.prefix}: a deployment failed",
            "description": "<reason> (deployment <id>, <time>)",
            "nextSteps": [f"shipway status: what runs in {target.prefix} now, and why"],
        },
    }
    return {
        "Type": "AWS::Events::Rule",
        "Properties": {
            "Name": f"{target.prefix}-failed-deployments",
            "Description": "Failed deployments, to whoever is on call",
            "State": "ENABLED",
            "EventPattern": pattern,
            "Targets": [
                {
                    "Id": "people",
                    "Arn": reference_to(logical_id("topic", AlarmSeverity.CRITICAL)),
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


def _may_write(target: AlarmDimensions) -> Resource:
    """EventBridge may write to the log; the document is text in CloudFormation."""
    groups = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:"
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": ["events.amazonaws.com", "delivery.logs.amazonaws.com"]},
                "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                "Resource": f"{groups}{target.event_log}:*",
            }
        ],
    }
    return {
        "Type": "AWS::Logs::ResourcePolicy",
        "Properties": {
            "PolicyName": f"{target.prefix}-events",
            "PolicyDocument": substitution(json.dumps(document)),
        },
    }
