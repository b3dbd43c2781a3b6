"""Where messages go: a topic a severity, to mail and to Slack.

Slack is reached through Amazon Q Developer in chat applications (AWS::Chatbot): it reads alarms
and draws them. Slack's own incoming webhooks cannot be subscribed to a topic, as they do not
answer SNS's request to confirm. The workspace has to be let in once, in the console.
"""

from __future__ import annotations

from typing import Any

from shipway.aws.monitoring.naming import Resource, logical, ref, sub
from shipway.core.alarms.rule import Severity
from shipway.core.alarms.telling import slack_channel, told
from shipway.core.settings.monitoring import Monitoring

_KEY = "MessageKey"
_READING = "arn:${AWS::Partition}:iam::aws:policy/CloudWatchReadOnlyAccess"
_ROLE = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/"  # of the environment's stack
_ACCOUNT = "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"
_SENDERS = ("cloudwatch.amazonaws.com", "events.amazonaws.com")


def topics(prefix: str, settings: Monitoring, slack_role: str) -> dict[str, Resource]:
    """Topics, who may send to them, who gets them, and the key they are encrypted with.

    slack_role: the name of the role that draws alarms for Slack, of the environment's stack.
    """
    resources: dict[str, Resource] = {}
    if settings.encrypted:
        resources[_KEY] = _key(prefix)
    for severity in Severity:
        resources |= _topic(prefix, severity, settings)
    slack = slack_channel(settings)
    to_slack = [one for one in Severity if slack in told(one, settings)]
    if to_slack:
        resources |= _slack(prefix, settings, to_slack, slack_role)
    return resources


def _topic(prefix: str, severity: Severity, settings: Monitoring) -> dict[str, Resource]:
    id = logical("topic", severity)
    properties: dict[str, Any] = {"TopicName": f"{prefix}-{severity}"}
    if settings.encrypted:
        # The key that AWS manages for SNS would do, but alarms may not use it.
        properties["KmsMasterKeyId"] = ref(_KEY)
    mail = [one for one in told(severity, settings) if one in settings.mail]
    return {
        id: {"Type": "AWS::SNS::Topic", "Properties": properties},
        f"{id}Policy": {
            "Type": "AWS::SNS::TopicPolicy",
            "Properties": {"Topics": [ref(id)], "PolicyDocument": _policy(id)},
        },
        **{
            f"{id}Mail{number}": {
                "Type": "AWS::SNS::Subscription",
                "Properties": {"TopicArn": ref(id), "Protocol": "email", "Endpoint": address},
            }
            for number, address in enumerate(mail, 1)
        },
    }


def _policy(topic: str) -> Resource:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "AlarmsAndEventsOfThisAccount",
                "Effect": "Allow",
                "Principal": {"Service": list(_SENDERS)},
                "Action": "sns:Publish",
                "Resource": ref(topic),
                "Condition": {"StringEquals": {"aws:SourceAccount": ref("AWS::AccountId")}},
            },
            {
                "Sid": "OnlyEncrypted",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "sns:Publish",
                "Resource": ref(topic),
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
                        "Principal": {"AWS": sub(_ACCOUNT)},
                        "Action": "kms:*",
                        "Resource": "*",
                    },
                    {
                        "Sid": "AlarmsAndEventsSendThroughIt",
                        "Effect": "Allow",
                        "Principal": {"Service": list(_SENDERS)},
                        "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
                        "Resource": "*",
                        "Condition": {"StringEquals": {"aws:SourceAccount": ref("AWS::AccountId")}},
                    },
                ],
            },
        },
    }  # fmt: skip


def _slack(
    prefix: str, settings: Monitoring, severities: list[Severity], slack_role: str
) -> dict[str, Resource]:
    return {
        "SlackChannel": {
            "Type": "AWS::Chatbot::SlackChannelConfiguration",
            "Properties": {
                "ConfigurationName": prefix,
                "SlackWorkspaceId": settings.slack_workspace,
                "SlackChannelId": settings.slack_channel,
                "IamRoleArn": sub(f"{_ROLE}{slack_role}"),
                "SnsTopicArns": [ref(logical("topic", severity)) for severity in severities],
                # Whoever writes in the channel can read alarms, and do nothing else.
                "GuardrailPolicies": [sub(_READING)],
            },
        },
    }
